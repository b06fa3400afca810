#include "core/tracing/pack.h"

#include <cstdint>
#include <string_view>

#include "core/encoding/msgpack.h"
#include "core/tracing/text.h"

namespace dd::tracing {
namespace {

using py::Handle;
namespace msgpack = encoding::msgpack;

constexpr int kDeepest = 100;

class Packer {
 public:
  std::string out;

  void put(Handle value, int depth) {
    if (value.is_none()) return byte(0xC0);
    if (value.is_bool()) return byte(value.is_true() ? 0xC3 : 0xC2);
    if (value.is_str()) return text(Utf8(value).view);
    if (value.is_float()) return fixed([&](char* at) { return msgpack::put_double(at, value.number()); });
    if (value.is_int() && integer(value)) return;
    if (value.is_bytes()) return binary(value.bytes());
    if (depth < kDeepest && (value.is_list() || value.is_tuple())) return array(value, depth);
    if (depth < kDeepest && value.is_dict()) return map(value, depth);
    text(value.display());
  }

 private:
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
  bool integer(Handle value) {  // false: too large for the format
    if (const auto number = as_int64(value)) {
      signed_integer(*number);
      return true;
    }
    const auto number = as_uint64(value);
    if (number) fixed([&](char* at) { return msgpack::put_unsigned(at, *number); });
    return number.has_value();
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
      if (value >= INT8_MIN)
        return msgpack::put_tagged(at, 0xD0, static_cast<std::uint8_t>(value));
      if (value >= INT16_MIN)
        return msgpack::put_tagged(at, 0xD1, static_cast<std::uint16_t>(value));
      if (value >= INT32_MIN)
        return msgpack::put_tagged(at, 0xD2, static_cast<std::uint32_t>(value));
      return msgpack::put_tagged(at, 0xD3, static_cast<std::uint64_t>(value));
    });
  }
  // `str(value)` may change a container while it is read: the counts are those of copies.
  void array(Handle value, int depth) {
    const py::Ref copy = py::Ref::steal(PySequence_Tuple(value.ptr()));
    fixed([&](char* at) { return msgpack::put_array(at, static_cast<std::uint32_t>(copy.size())); });
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
};

}  // namespace

std::string pack(Handle value) {
  Packer packer;
  packer.put(value, 0);
  return std::move(packer.out);
}

}  // namespace dd::tracing
