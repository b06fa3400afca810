#include "core/tracing/text.h"

namespace dd::tracing {

void Utf8::read(PyObject* value) {
  if (value == nullptr) return;
  if (PyUnicode_Check(value)) {
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(value, &size);
    if (data == nullptr) {
      PyErr_Clear();
      repaired_ = true;
      encoded_ = py::Ref::steal(PyUnicode_AsEncodedString(value, "utf-8", "replace"));
    } else {
      view = {data, static_cast<std::size_t>(size)};
      return;
    }
  } else if (PyBytes_Check(value)) {
    const py::Ref decoded = py::Ref::steal(
        PyUnicode_DecodeUTF8(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value), "replace"));
    if (decoded) encoded_ = py::Ref::steal(PyUnicode_AsUTF8String(decoded.ptr()));
  } else {
    return;
  }
  if (!encoded_) {
    PyErr_Clear();
    view = "";
    return;
  }
  view = {PyBytes_AS_STRING(encoded_.ptr()),
          static_cast<std::size_t>(PyBytes_GET_SIZE(encoded_.ptr()))};
  repaired_ =
      repaired_ || view != std::string_view(PyBytes_AS_STRING(value),
                                            static_cast<std::size_t>(PyBytes_GET_SIZE(value)));
}

bool swallow_exception() {
  if (!PyErr_Occurred()) return true;
  if (!PyErr_ExceptionMatches(PyExc_Exception)) return false;
  PyErr_Clear();
  return true;
}

std::optional<std::int64_t> as_int64(py::Handle value) {
  if (!value || !PyIndex_Check(value.ptr())) return std::nullopt;
  const py::Ref whole = py::Ref::steal(PyNumber_Index(value.ptr()));
  if (!whole) {
    PyErr_Clear();
    return std::nullopt;
  }
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(whole.ptr(), &overflow);
  if (overflow != 0) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> as_uint64(py::Handle value) {
  if (!value || !PyIndex_Check(value.ptr())) return std::nullopt;
  const py::Ref whole = py::Ref::steal(PyNumber_Index(value.ptr()));
  const unsigned long long number = whole ? PyLong_AsUnsignedLongLong(whole.ptr()) : 0;
  if (PyErr_Occurred()) {
    PyErr_Clear();
    return std::nullopt;
  }
  return number;
}

py::Ref make_text(std::string_view text) {
  return py::Ref::steal(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
}

}  // namespace dd::tracing
