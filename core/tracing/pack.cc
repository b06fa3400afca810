#include "core/tracing/pack.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "core/encoding/msgpack.h"
#include "core/tracing/text.h"

namespace dd::tracing {
namespace {

using py::Handle;
namespace msgpack = encoding::msgpack;

constexpr int kDeepest = 100;
constexpr std::size_t kLongest = 8 << 20;

// Exactly this type: what a subclass shows is its own business.
bool exactly(Handle value, PyTypeObject& type) { return Py_TYPE(value.ptr()) == &type; }

class Packer {
 public:
  std::string out;

  void put(Handle value, int depth) {
    if (value.is_none()) return byte(0xC0);
    if (value.is_bool()) return byte(value.is_true() ? 0xC3 : 0xC2);
    if (exactly(value, PyUnicode_Type)) return text(Utf8(value).view);
    if (exactly(value, PyFloat_Type))
      return fixed([&](char* at) { return msgpack::put_double(at, value.number()); });
    if (exactly(value, PyLong_Type)) return integer(value);
    if (exactly(value, PyBytes_Type)) return binary(value.bytes());
    if (exactly(value, PyByteArray_Type))
      return binary({PyByteArray_AS_STRING(value.ptr()),
                     static_cast<std::size_t>(PyByteArray_GET_SIZE(value.ptr()))});
    if (depth < kDeepest && out.size() < kLongest && !inside(value, depth)) {
      around_[depth] = value.ptr();
      if (exactly(value, PyList_Type)) return array(value, depth);
      if (exactly(value, PyDict_Type)) return map(value, depth);
    }
    text("Can not serialize [" + std::string(value.type_name()) + "] object");
  }

 private:
  bool inside(Handle value, int depth) const {
    return std::find(around_, around_ + depth, value.ptr()) != around_ + depth;
  }
  void byte(unsigned char value) { out.push_back(static_cast<char>(value)); }

  template <class Put>
  void fixed(Put&& put) {
    char room[16];
    out.append(room, static_cast<std::size_t>(put(room) - room));
  }
  void text(std::string_view value) {
    fixed([&](char* at) { return msgpack::put_text_header(at, value.size()); });
    out.append(value);
  }
  void binary(std::string_view value) {
    fixed([&](char* at) { return msgpack::put_bytes_header(at, value.size()); });
    out.append(value);
  }
  void integer(Handle value) {
    if (const auto number = as_int64(value)) return signed_integer(*number);
    if (const auto number = as_uint64(value))
      return fixed([&](char* at) { return msgpack::put_unsigned(at, *number); });
    text("Integer value out of range");
  }
  void signed_integer(std::int64_t value) {  // the shortest form
    fixed([&](char* at) {
      if (value >= 0)
        return value <= UINT32_MAX ? msgpack::put_index(at, static_cast<std::uint32_t>(value))
                                   : msgpack::put_unsigned(at, static_cast<std::uint64_t>(value));
      if (value >= -32) {
        *at = static_cast<char>(value);
        return at + 1;
      }
      if (value >= INT8_MIN) return msgpack::put_tagged(at, 0xD0, static_cast<std::uint8_t>(value));
      if (value >= INT16_MIN)
        return msgpack::put_tagged(at, 0xD1, static_cast<std::uint16_t>(value));
      if (value >= INT32_MIN)
        return msgpack::put_tagged(at, 0xD2, static_cast<std::uint32_t>(value));
      return msgpack::put_tagged(at, 0xD3, static_cast<std::uint64_t>(value));
    });
  }
  // Without a GIL others may change a container while it is read: the counts are those of copies.
  void array(Handle value, int depth) {
    const py::Ref copy = py::Ref::steal(PySequence_Tuple(value.ptr()));
    fixed(
        [&](char* at) { return msgpack::put_array(at, static_cast<std::uint32_t>(copy.size())); });
    copy.each([&](Handle item) { put(item, depth + 1); });
  }
  void map(Handle value, int depth) {
    const py::Ref copy = py::Ref::steal(PyDict_Copy(value.ptr()));
    fixed([&](char* at) { return msgpack::put_map(at, static_cast<std::uint32_t>(copy.size())); });
    copy.each_pair([&](Handle key, Handle item) {
      put(key, depth + 1);
      put(item, depth + 1);
    });
  }

  const void* around_[kDeepest];  // the containers that hold what is being put
};

}  // namespace

std::string pack(Handle value) {
  Packer packer;
  packer.put(value, 0);
  return std::move(packer.out);
}

}  // namespace dd::tracing
