#include "core/py/ref.h"

#include <cstdint>
#include <cstring>

#include "core/py/compat/compat.h"
#include "core/py/error.h"
#include "core/py/fault.h"

namespace dd::py {
namespace {

// What PyUnicode_AsUTF8 cannot encode: lone surrogates.
std::string lossy(PyObject* text) {
  const Ref encoded = Ref::steal(PyUnicode_AsEncodedString(text, "utf-8", "replace"));
  if (!encoded) {
    swallow_error();
    return {};
  }
  return std::string(encoded.bytes());
}

Ref swallowed(PyObject* object) {
  if (object == nullptr) swallow_error();
  return Ref::steal(object);
}

bool wrote(int status) {
  if (status == 0) return true;
  swallow_error();
  return false;
}

}  // namespace

PyObject* Name::intern() const {
  PyObject* made = PyUnicode_InternFromString(text_);
  if (made == nullptr) {
    PyErr_Clear();
    return nullptr;
  }
  PyObject* expected = nullptr;
  if (!object_.compare_exchange_strong(expected, made, std::memory_order_acq_rel)) {
    Py_DECREF(made);
    return expected;
  }
  return made;
}

std::string_view Handle::type_name() const {
  if (object_ == nullptr) return {};
  const std::string_view name = Py_TYPE(object_)->tp_name;
  return name.substr(name.rfind('.') + 1);
}

bool Handle::instance_of(Handle type) const {
  if (object_ == nullptr || !type) return false;
  if (checkpoint()) return false;
  const int answer = PyObject_IsInstance(object_, type.ptr());
  if (answer < 0) swallow_error();
  return answer > 0;
}

Ref Handle::attr(const Name& name) const {
  PyObject* key = name.ptr();
  if (object_ == nullptr || key == nullptr) return {};
  if (checkpoint()) return {};
  PyObject* found = nullptr;
  if (compat::optional_attr(object_, key, &found) < 0) swallow_error();
  return Ref::steal(found);
}

Ref Handle::method(const Name& name) const {
  PyObject* key = name.ptr();
  if (object_ == nullptr || key == nullptr) return {};
  if (checkpoint()) return {};
  PyObject* found = nullptr;
  compat::get_method(object_, key, &found);
  return swallowed(found);
}

Ref Handle::attr(const char* name) const {
  if (object_ == nullptr) return {};
  if (checkpoint()) return {};
  const Ref key = swallowed(PyUnicode_FromString(name));
  PyObject* found = nullptr;
  if (key && compat::optional_attr(object_, key.ptr(), &found) < 0) swallow_error();
  return Ref::steal(found);
}

Ref Handle::item(Handle key) const {
  if (object_ == nullptr || !key) return {};
  if (checkpoint()) return {};
  if (PyDict_CheckExact(object_)) {
    PyObject* found = PyDict_GetItemWithError(object_, key.ptr());
    if (found == nullptr) swallow_error();
    return Ref::borrow(found);
  }
  if (!PyMapping_Check(object_)) return {};
  return swallowed(PyObject_GetItem(object_, key.ptr()));
}

Ref Handle::item(const Name& key) const { return item(Handle(key.ptr())); }

Ref Handle::item(const char* key) const {
  const Ref text = swallowed(PyUnicode_FromString(key));
  return item(text);
}

Ref Handle::item(Py_ssize_t index) const {
  if (object_ == nullptr) return {};
  if (checkpoint()) return {};
  if (is_tuple() || is_list()) {
    const Py_ssize_t count = Py_SIZE(object_);
    if (index < 0) index += count;
    if (index < 0 || index >= count) return {};
    return Ref::borrow(is_list() ? PyList_GET_ITEM(object_, index)
                                 : PyTuple_GET_ITEM(object_, index));
  }
  if (!PySequence_Check(object_)) return {};
  return swallowed(PySequence_GetItem(object_, index));
}

Py_ssize_t Handle::size() const {
  if (object_ == nullptr) return -1;
  if (checkpoint()) return -1;
  const Py_ssize_t count = PyObject_Size(object_);
  if (count < 0) swallow_error();
  return count;
}

bool Handle::contains(Handle value) const {
  if (object_ == nullptr || !value) return false;
  if (checkpoint()) return false;
  const int answer = PySequence_Contains(object_, value.ptr());
  if (answer < 0) swallow_error();
  return answer > 0;
}

std::string_view Handle::other_utf8() const {
  if (!is_str()) return {};
  if (checkpoint()) return {};
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(object_, &size);
  if (text == nullptr) {
    swallow_error();
    return {};
  }
  return {text, static_cast<std::size_t>(size)};
}

std::string_view Handle::bytes() const {
  if (!is_bytes()) return {};
  return {PyBytes_AS_STRING(object_), static_cast<std::size_t>(PyBytes_GET_SIZE(object_))};
}

std::string Handle::text() const {
  if (is_bytes()) {
    const std::string_view raw = bytes();
    const Ref decoded = str(raw);
    return std::string(decoded.utf8());
  }
  if (!is_str()) return {};
  if (checkpoint()) return {};
  Py_ssize_t size = 0;
  const char* found = PyUnicode_AsUTF8AndSize(object_, &size);
  if (found != nullptr) return {found, static_cast<std::size_t>(size)};
  swallow_error();
  return lossy(object_);
}

std::string Handle::display() const {
  if (object_ == nullptr) return {};
  if (is_str()) return text();
  if (checkpoint()) return {};
  const Ref shown = swallowed(PyObject_Str(object_));
  return shown.text();
}

long long Handle::integer(long long fallback) const {
  if (!is_int()) return fallback;
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(object_, &overflow);
  if (value == -1 && PyErr_Occurred() != nullptr) swallow_error();
  return overflow == 0 ? value : fallback;
}

double Handle::number(double fallback) const {
  if (is_float()) return PyFloat_AS_DOUBLE(object_);
  if (!is_int()) return fallback;
  const double value = PyLong_AsDouble(object_);
  if (value == -1.0 && PyErr_Occurred() != nullptr) {
    swallow_error();
    return fallback;
  }
  return value;
}

bool Handle::truth(bool fallback) const {
  if (object_ == nullptr) return fallback;
  if (checkpoint()) return fallback;
  const int answer = PyObject_IsTrue(object_);
  if (answer < 0) {
    swallow_error();
    return fallback;
  }
  return answer != 0;
}

Ref Handle::call_vector(std::span<PyObject* const> args, Handle kwnames) const {
  if (object_ == nullptr) return {};
  if (checkpoint()) return {};
  const std::size_t named = kwnames ? static_cast<std::size_t>(PyTuple_GET_SIZE(kwnames.ptr())) : 0;
  for (PyObject* argument : args)
    if (argument == nullptr) return {};
  return swallowed(PyObject_Vectorcall(object_, args.data(), args.size() - named, kwnames.ptr()));
}

bool Handle::set_attr(const Name& name, Handle value) const {
  if (object_ == nullptr || !value || name.ptr() == nullptr) return false;
  if (checkpoint()) return false;
  return wrote(PyObject_SetAttr(object_, name.ptr(), value.ptr()));
}

bool Handle::set_item(Handle key, Handle value) const {
  if (object_ == nullptr || !key || !value) return false;
  if (checkpoint()) return false;
  return wrote(PyObject_SetItem(object_, key.ptr(), value.ptr()));
}

bool Handle::set_item(const Name& key, Handle value) const {
  return set_item(Handle(key.ptr()), value);
}

bool Handle::set_item(const char* key, Handle value) const {
  const Ref text = swallowed(PyUnicode_FromString(key));
  return set_item(text, value);
}

bool Handle::delete_item(Handle key) const {
  if (object_ == nullptr || !key) return false;
  if (checkpoint()) return false;
  return wrote(PyObject_DelItem(object_, key.ptr()));
}

bool Handle::append(Handle value) const {
  if (!is_list() || !value) return false;
  if (checkpoint()) return false;
  return wrote(PyList_Append(object_, value.ptr()));
}

Ref none() { return Ref::borrow(Py_None); }
Ref boolean(bool value) { return Ref::borrow(value ? Py_True : Py_False); }
Ref integer(long long value) { return swallowed(PyLong_FromLongLong(value)); }
Ref unsigned_integer(std::uint64_t value) { return swallowed(PyLong_FromUnsignedLongLong(value)); }
Ref number(double value) { return swallowed(PyFloat_FromDouble(value)); }
static bool is_ascii(std::string_view text) {
  std::uint64_t seen = 0, word = 0;
  std::size_t at = 0;
  for (; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    seen |= word;
  }
  for (; at < text.size(); ++at) seen |= static_cast<unsigned char>(text[at]);
  return (seen & 0x8080808080808080ull) == 0;
}

Ref str(std::string_view utf8) {
  if (utf8.size() > 1 && is_ascii(utf8)) {
    Ref made = swallowed(PyUnicode_New(static_cast<Py_ssize_t>(utf8.size()), 127));
    if (made) std::memcpy(PyUnicode_DATA(made.ptr()), utf8.data(), utf8.size());
    return made;
  }
  return swallowed(
      PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "replace"));
}
Ref bytes(std::string_view data) {
  return swallowed(PyBytes_FromStringAndSize(data.data(), static_cast<Py_ssize_t>(data.size())));
}
Ref tuple(std::span<const Handle> items) {
  Ref made = swallowed(PyTuple_New(static_cast<Py_ssize_t>(items.size())));
  if (!made) return made;
  for (std::size_t i = 0; i < items.size(); ++i) {
    PyObject* item = items[i] ? items[i].ptr() : Py_None;
    PyTuple_SET_ITEM(made.ptr(), static_cast<Py_ssize_t>(i), Py_NewRef(item));
  }
  return made;
}
Ref list() { return swallowed(PyList_New(0)); }
Ref dict() { return swallowed(PyDict_New()); }

Ref imported(const char* module) {
  const Ref name = swallowed(PyUnicode_FromString(module));
  PyObject* found = name ? PyImport_GetModule(name.ptr()) : nullptr;
  if (found == nullptr) swallow_error();
  return Ref::steal(found);
}

Ref imported(const Name& module) {
  PyObject* name = module.ptr();
  PyObject* found = name != nullptr ? PyImport_GetModule(name) : nullptr;
  if (found == nullptr) swallow_error();
  return Ref::steal(found);
}

}  // namespace dd::py
