// Errors of a Span: error tags, stacks, and the `exception` event. Source: SPAN.md sections 4
// and 5.

#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/config/core_settings.h"
#include "core/py/compat/compat.h"
#include "core/py/error.h"
#include "core/py/method.h"
#include "core/trace/link.h"
#include "core/trace/tags.h"
#include "core/tracing/event_values.h"
#include "core/tracing/exception_text.h"
#include "core/tracing/hub_events.h"
#include "core/tracing/named.h"
#include "core/tracing/span_log.h"
#include "core/tracing/span_object.h"
#include "core/tracing/text.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;

SpanObject* me(PyObject* object) { return reinterpret_cast<SpanObject*>(object); }
PyObject* nothing() { return py::none().release(); }

constinit py::Name kModule("__module__");
constinit py::Name kOwnName("__name__");
constinit py::Name kCode("code");
constinit py::Name kFormatStack("format_stack");

std::string class_name(Handle type) {
  const Ref module = type.attr(kModule);
  const std::string own = type.attr(kOwnName).text();
  return module.is_str() ? module.text() + "." + own : own;
}

constexpr Py_ssize_t kLongest = 25000;

int frames_setting() { return static_cast<int>(config::traceback_max_frames.get()); }

// Half the frames again and again until the text is short enough.
template <class Format>
Ref shortened(int limit, Format&& format) {
  for (;; limit /= 2) {
    Ref text = format(limit);
    if (!text || PyUnicode_GET_LENGTH(text.ptr()) <= kLongest || limit <= 1) return text;
  }
}

Ref stack_of(Handle type, Handle value, Handle traceback, Handle message,
             std::optional<int> limit) {
  return shortened(std::abs(limit.value_or(frames_setting())), [&](int frames) {
    return exception_text(type, value, traceback, message, frames);
  });
}

bool is_ignored(SpanObject* self, Handle type) {
  if (self->extras == nullptr || !self->extras->ignored) return false;
  bool found = false;
  self->extras->ignored.each([&](Handle ignored) {
    const int matches = PyObject_IsSubclass(type.ptr(), ignored.ptr());
    if (matches < 0) py::swallow_error();
    found = found || matches > 0;
  });
  return found;
}

bool is_clean_exit(Handle type, Handle value) {
  if (!type.is_class() || !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(type.ptr()),
                                            reinterpret_cast<PyTypeObject*>(PyExc_SystemExit)))
    return false;
  const Ref code = value.attr(kCode);
  return code.is_int() && as_int64(code).value_or(1) == 0;
}

std::optional<int> frames(Handle limit) {
  const auto number = as_int64(limit);
  if (!number) return std::nullopt;
  constexpr std::int64_t kMost = 100000;
  return static_cast<int>(*number > kMost ? kMost : *number < -kMost ? -kMost : *number);
}

PyObject* py_set_exc_info(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"exc_type", "exc_val", "exc_tb", "limit", nullptr};
  PyObject *type, *value, *traceback, *limit = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|O:set_exc_info", const_cast<char**>(kNames),
                                   &type, &value, &traceback, &limit))
    return nullptr;
  for (PyObject* const part : {type, value, traceback}) {
    const int there = PyObject_IsTrue(part);
    if (there <= 0) return there == 0 ? nothing() : nullptr;
  }
  if (!Handle(type).is_class()) {
    PyErr_SetString(PyExc_TypeError, "issubclass() arg 1 must be a class");
    return nullptr;
  }
  if (!PyTraceBack_Check(traceback))
    return PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute 'tb_frame'",
                        Py_TYPE(traceback)->tp_name);
  return record_error(me(object), type, value, traceback, frames(limit)) ? nothing() : nullptr;
}

PyObject* py_set_traceback(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"limit", nullptr};
  PyObject* limit = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:set_traceback", const_cast<char**>(kNames),
                                   &limit))
    return nullptr;
  const Ref handled = Ref::steal(py::compat::handled_exception());
  if (handled && !handled.is_none()) {
    const Ref traceback = Ref::steal(PyException_GetTraceback(handled.ptr()));
    if (!traceback) return nothing();
    return record_error(me(object), handled.type(), handled, traceback, frames(limit)) ? nothing()
                                                                                       : nullptr;
  }
  const int most = std::abs(frames(limit).value_or(frames_setting()));
  const Ref text = shortened(most, [](int count) {
    const Ref module = Ref::steal(PyImport_ImportModule("traceback"));
    const Ref empty = py::str(""), number = py::integer(count);
    if (!module) return Ref();
    const Ref format = module.attr(kFormatStack);
    PyObject* const given[] = {Py_None, number.ptr()};
    const Ref lines = Ref::steal(PyObject_Vectorcall(format.ptr(), given, 2, nullptr));
    return lines ? Ref::steal(PyUnicode_Join(empty.ptr(), lines.ptr())) : Ref();
  });
  if (!text) return swallow_exception() ? nothing() : nullptr;
  writable(me(object)).set(trace::tags::kErrorStack, Utf8(text).view);
  return nothing();
}

// --- record_exception -----------------------------------------------------------------------

bool is_storable(Handle value) {
  if (value.is_bool() || value.is_str()) return true;
  if (value.is_int()) return as_int64(value).has_value();
  return value.is_float() && std::isfinite(value.number());
}

// One of the forms an event may carry: a scalar, or a list of scalars of one type.
bool is_valid(Handle value) {
  if (!value.is_list()) return is_storable(value);
  bool valid = true;
  const Handle first = value.size() > 0 ? Handle(PyList_GET_ITEM(value.ptr(), 0)) : Handle();
  value.each(
      [&](Handle item) { valid = valid && is_storable(item) && item.type().is(first.type()); });
  return valid;
}

PyObject* py_record_exception(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"exception", "attributes", nullptr};
  PyObject *exception, *attributes = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:record_exception", const_cast<char**>(kNames),
                                   &exception, &attributes))
    return nullptr;
  if (!Handle(exception).is_exception())
    return PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute '__traceback__'",
                        Py_TYPE(exception)->tp_name);
  const Handle type = Handle(exception).type();
  Ref traceback = Ref::steal(PyException_GetTraceback(exception));
  if (!traceback) traceback = py::none();
  const Ref message = Ref::steal(PyObject_Str(exception));
  if (!message && !swallow_exception()) return nullptr;
  const Ref stack = stack_of(type, exception, traceback, message, std::nullopt);
  if (!stack && !swallow_exception()) return nullptr;
  const Ref all = py::dict();
  (void)all.set_item("exception.type", py::str(class_name(type)));
  (void)all.set_item("exception.message", message ? message.share() : type.attr(kOwnName));
  if (stack) (void)all.set_item("exception.stacktrace", stack);
  Handle(attributes).is_none() ? void()
                               : Handle(attributes).each_pair([&](Handle key, Handle value) {
                                   if (key.is_str() && is_valid(value))
                                     (void)all.set_item(key, value);
                                   else
                                     tell_log("attribute_left_out", key, value);
                                 });
  if (!add_event_of(me(object), "exception", all, static_cast<std::uint64_t>(base::wall_ns())))
    return nullptr;
  return nothing();
}

PyObject* py_ignore_exception(PyObject* object, PyObject* type) {
  Ref& list = extras(me(object)).ignored;
  if (!list) list = py::list();
  if (PyList_Append(list.ptr(), type) < 0) return nullptr;
  return nothing();
}

PyObject* py_get_traceback(PyObject*, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"exc_type", "exc_val", "exc_tb", "limit", nullptr};
  PyObject *type, *value, *traceback, *limit = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|O:_get_traceback", const_cast<char**>(kNames),
                                   &type, &value, &traceback, &limit))
    return nullptr;
  const Ref message = Ref::steal(PyObject_Str(value));
  if (!message && !swallow_exception()) return nullptr;
  return stack_of(type, value, traceback, message, frames(limit)).release();
}

}  // namespace

bool record_error(SpanObject* self, Handle type, Handle value, Handle traceback,
                  std::optional<int> limit) {
  if (!type.is_class() || !value || value.is_none()) return true;
  // An error raised by C code has no traceback before it reaches the first Python frame.
  if (!traceback) traceback = Py_None;
  if (is_clean_exit(type, value) || is_ignored(self, type)) return true;
  const std::string name = class_name(type);
  Ref message = Ref::steal(PyObject_Str(value.ptr()));
  if (!message && !swallow_exception()) return false;
  const Ref stack = stack_of(type, value, traceback, message, limit);
  if (!stack && !swallow_exception()) return false;
  if (!message) message = type.attr(kOwnName);
  const Utf8 message_text(message), stack_text(stack);
  trace::Span& span = writable(self);
  span.error = 1;
  span.set(trace::tags::kErrorType, name);
  span.set(trace::tags::kErrorMessage, message_text.view);
  if (stack) span.set(trace::tags::kErrorStack, stack_text.view);
  const Handle object(reinterpret_cast<PyObject*>(self));
  if (heard(HubEvent::kFinalTags)) [[unlikely]]
    tell(HubEvent::kFinalTags, {object});
  if (heard(HubEvent::kException)) [[unlikely]]
    tell(HubEvent::kException, {object, type, value, traceback});
  return true;
}

PyMethodDef kSpanErrorMethods[] = {
    {"set_exc_info", py::method<py_set_exc_info>, METH_VARARGS | METH_KEYWORDS,
     "set_exc_info($self, exc_type, exc_val, exc_tb, limit=None)\n--\n\n"
     "Marks the span as failed, with type, message and stack of an exception."},
    {"set_traceback", py::method<py_set_traceback>, METH_VARARGS | METH_KEYWORDS,
     "set_traceback($self, limit=None)\n--\n\n"
     "Records the exception being handled, or else where the program is."},
    {"record_exception", py::method<py_record_exception>, METH_VARARGS | METH_KEYWORDS,
     "record_exception($self, exception, attributes=None)\n--\n\n"
     "Adds an event `exception`; the span is not marked as failed."},
    {"_ignore_exception", named<"exc", py_ignore_exception>, kNamed, nullptr},
    {"_get_traceback", py::method<py_get_traceback>, METH_VARARGS | METH_KEYWORDS, nullptr},
    {}};

}  // namespace dd::tracing
