// Reading Python values as text and numbers.
// All of it needs the GIL.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/py/ref.h"
#include "core/trace/text.h"

namespace dd::tracing {

// The UTF-8 of a str or bytes object, valid while this and the object live. Lone surrogates become
// question marks. `view` has a null data pointer for every other type.
class Utf8 {
 public:
  explicit Utf8(py::Handle object) {
    PyObject* const value = object.ptr();
    if (value != nullptr && PyUnicode_CheckExact(value) && PyUnicode_IS_COMPACT_ASCII(value))
        [[likely]]
      view = {static_cast<const char*>(PyUnicode_DATA(value)),
              static_cast<std::size_t>(PyUnicode_GET_LENGTH(value))};
    else
      read(value);
  }
  std::string_view view{};

 protected:
  bool repaired_ = false;  // the object says something that UTF-8 cannot

 private:
  void read(PyObject* value);
  py::Ref encoded_;
};

// The text of a field of a span, which takes nothing that must be repaired: null data then, too.
class FieldText : public Utf8 {
 public:
  explicit FieldText(py::Handle object) : Utf8(object), form(form_of(object)) {
    if (repaired_) view = {};
  }
  bool is_text() const { return view.data() != nullptr; }
  const trace::Form form;  // to keep with the field

 private:
  trace::Form form_of(py::Handle object) const {
    if (object.ptr() == Py_None) return trace::Form::kNone;
    return !repaired_ && object && PyBytes_Check(object.ptr()) ? trace::Form::kBytes
                                                               : trace::Form::kText;
  }
};

// Drops a pending Exception and answers true; a KeyboardInterrupt, an exit or a cancellation stays
// pending and the answer is false.
bool swallow_exception();

// An int (or what has __index__) that fits; empty for everything else. Raises nothing.
std::optional<std::int64_t> as_int64(py::Handle value);
std::optional<std::uint64_t> as_uint64(py::Handle value);

py::Ref make_text(std::string_view text);

}  // namespace dd::tracing
