// Tags, metrics and errors of a Span. Source: SPAN.md sections 3 and 4.

#include <climits>
#include <cmath>
#include <string>

#include "core/base/clock.h"
#include "core/sampling/sampling.h"
#include "core/trace/tracer.h"
#include "core/tracing/context_object.h"
#include "core/tracing/exception_text.h"
#include "core/tracing/span_object.h"
#include "core/tracing/text.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;
using trace::AttributeKind;
using trace::Key;

SpanObject* me(PyObject* object) { return reinterpret_cast<SpanObject*>(object); }
PyObject* nothing() { return Handle(Py_None).share().release(); }

// `str(value)` as a tag; false with an error set for what is not an Exception.
bool set_str_of(SpanObject* self, const Key& key, Handle value) {
  const Ref text = Ref::steal(PyObject_Str(value.ptr()));
  if (!text) return swallow_exception();
  const Utf8 read(text);
  writable(self).set(key, read.view);
  return true;
}

bool set_plain(SpanObject* self, const Key& key, Handle value) {
  PyObject* const object = value.ptr();
  if (PyUnicode_Check(object)) {
    const Utf8 text(value);
    writable(self).set(key, text.view);
    return true;
  }
  if (key.text == "http.status_code") return set_str_of(self, key, value);
  if (PyFloat_Check(object)) {
    writable(self).set(key, PyFloat_AS_DOUBLE(object));
    return true;
  }
  if (const auto whole = as_int64(value)) {
    writable(self).set(key, *whole);
    return true;
  }
  if (PyBytes_Check(object)) {
    const Utf8 text(value);
    writable(self).set(key, text.view);
    return true;
  }
  return set_str_of(self, key, value);
}

bool handle_special(SpanObject* self, std::string_view name, const Key& key, Handle value,
                    bool& done) {
  done = true;
  if (name == "manual.keep" || name == "manual.drop") {
    decide(*self->span->segment, name == "manual.keep" ? 2 : -1);
    return true;
  }
  if (name == "_dd.measured") {
    const int truth = value.is_none() ? 1 : PyObject_IsTrue(value.ptr());
    if (truth < 0) return swallow_exception();
    writable(self).set(key, static_cast<std::int64_t>(truth));
    return true;
  }
  done = false;
  if (name == "service.name") {
    writable(self).set_service(PyUnicode_Check(value.ptr()) ? Utf8(value).view
                                                            : std::string_view{});
  } else if (name == "service.version") {
    return set_plain(self, Key("version"), value);
  } else if (name == "network.destination.port") {
    const Ref port = Ref::steal(PyNumber_Long(value.ptr()));
    if (!port) return swallow_exception();
    done = true;
    return set_plain(self, key, port);
  }
  return true;
}

// Whether the tag rules have a word for this name; first letter and length tell nearly always.
bool maybe_special(std::string_view name) {
  if (name.size() < 11) return false;
  switch (name[0]) {
    case 'm': case 's': case '_': case 'n': return true;
    default: return false;
  }
}

PyObject* value_of(const trace::Attribute& attribute) {
  switch (attribute.kind) {
    case AttributeKind::kText: return make_text(attribute.text.view()).release();
    case AttributeKind::kInt: return PyLong_FromLongLong(attribute.integer);
    case AttributeKind::kDouble: return PyFloat_FromDouble(attribute.real);
  }
  return nothing();
}

const trace::Attribute* stored(SpanObject* self, std::string_view name) {
  writable(self).materialize();
  return self->span->find(Key(name));
}

PyObject* py_set_tag(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  PyObject *key = count > 0 ? args[0] : nullptr, *value = count > 1 ? args[1] : nullptr;
  const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
  for (Py_ssize_t i = 0; i < named; ++i) {
    PyObject* const name = PyTuple_GET_ITEM(names, i);
    PyObject** slot = PyUnicode_CompareWithASCIIString(name, "key") == 0     ? &key
                      : PyUnicode_CompareWithASCIIString(name, "value") == 0 ? &value
                                                                             : nullptr;
    if (slot == nullptr || *slot != nullptr)
      return PyErr_Format(PyExc_TypeError, "Span.set_tag() got an unexpected argument '%U'", name);
    *slot = args[count + i];
  }
  if (key == nullptr || count > 2)
    return PyErr_Format(PyExc_TypeError, "Span.set_tag() takes a key and a value");
  return set_tag(me(object), key, value == nullptr ? Py_None : value) ? nothing() : nullptr;
}

PyObject* py_set_attribute(PyObject* object, PyObject* args) {
  PyObject *key, *value;
  if (!PyArg_ParseTuple(args, "OO:_set_attribute", &key, &value)) return nullptr;
  return set_attribute(me(object), key, value) ? nothing() : nullptr;
}

PyObject* py_set_metric(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"key", "value", nullptr};
  PyObject *key, *value;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:set_metric", const_cast<char**>(kNames), &key,
                                   &value))
    return nullptr;
  return set_metric(me(object), key, value) ? nothing() : nullptr;
}

template <bool (*Set)(SpanObject*, Handle, Handle)>
PyObject* py_set_all(PyObject* object, PyObject* mapping) {
  if (mapping == Py_None) return nothing();
  const Ref items = Ref::steal(PyObject_CallMethod(mapping, "items", nullptr));
  if (!items) return nullptr;
  const Ref list = Ref::steal(PySequence_List(items.ptr()));
  if (!list) return nullptr;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.ptr()); ++i) {
    PyObject* const pair = PyList_GET_ITEM(list.ptr(), i);
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) continue;
    if (!Set(me(object), PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1))) return nullptr;
  }
  return nothing();
}

PyObject* py_get_tag(PyObject* object, PyObject* key) {
  if (!PyUnicode_Check(key)) return nothing();
  const Utf8 name(key);
  const trace::Attribute* const found = stored(me(object), name.view);
  return found && found->kind == AttributeKind::kText ? value_of(*found) : nothing();
}
PyObject* py_get_metric(PyObject* object, PyObject* key) {
  if (!PyUnicode_Check(key)) return nothing();
  const Utf8 name(key);
  const trace::Attribute* const found = stored(me(object), name.view);
  return found && found->kind != AttributeKind::kText ? value_of(*found) : nothing();
}
PyObject* py_get_attribute(PyObject* object, PyObject* key) {
  if (!PyUnicode_Check(key)) return nothing();
  const Utf8 name(key);
  const trace::Attribute* const found = stored(me(object), name.view);
  return found ? value_of(*found) : nothing();
}
PyObject* py_has_attribute(PyObject* object, PyObject* key) {
  return PyBool_FromLong(PyUnicode_Check(key) && stored(me(object), Utf8(key).view) != nullptr);
}
PyObject* py_remove(PyObject* object, PyObject* key) {
  if (!PyUnicode_Check(key)) return nothing();
  const Utf8 name(key);
  if (stored(me(object), name.view) != nullptr) writable(me(object)).remove(Key(name.view));
  return nothing();
}

PyObject* py_get_tags(PyObject* object, PyObject*) { return tags_of(me(object), true, false).release(); }
PyObject* py_get_metrics(PyObject* object, PyObject*) { return tags_of(me(object), false, true).release(); }
PyObject* py_get_attributes(PyObject* object, PyObject*) { return tags_of(me(object), true, true).release(); }

// --- errors ---------------------------------------------------------------------------------

std::string class_name(Handle type) {
  std::string name;
  const Ref module = Ref::steal(PyObject_GetAttrString(type.ptr(), "__module__"));
  if (module && PyUnicode_Check(module.ptr())) name.append(Utf8(module).view).append(".");
  PyErr_Clear();
  const Ref own = Ref::steal(PyObject_GetAttrString(type.ptr(), "__name__"));
  if (own && PyUnicode_Check(own.ptr())) name.append(Utf8(own).view);
  PyErr_Clear();
  return name;
}

// Most of the frames, in so many characters.
Ref format_stack(Handle type, Handle value, Handle traceback, Handle message, int limit) {
  constexpr Py_ssize_t kLongest = 25000;
  for (;; limit /= 2) {
    Ref text = exception_text(type, value, traceback, message, limit);
    if (!text || PyUnicode_GET_LENGTH(text.ptr()) <= kLongest || limit <= 1) return text;
  }
}

bool is_ignored(SpanObject* self, Handle type) {
  if (self->extras == nullptr || !self->extras->ignored) return false;
  PyObject* const list = self->extras->ignored.ptr();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
    const int matches = PyObject_IsSubclass(type.ptr(), PyList_GET_ITEM(list, i));
    if (matches > 0) return true;
    if (matches < 0) PyErr_Clear();
  }
  return false;
}

bool is_clean_exit(Handle type, Handle value) {
  if (PyObject_IsSubclass(type.ptr(), PyExc_SystemExit) != 1) {
    PyErr_Clear();
    return false;
  }
  const Ref code = Ref::steal(PyObject_GetAttrString(value.ptr(), "code"));
  PyErr_Clear();
  return code && PyLong_Check(code.ptr()) && as_int64(code).value_or(1) == 0;
}

PyObject* py_set_exc_info(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"exc_type", "exc_val", "exc_tb", "limit", nullptr};
  PyObject *type, *value, *traceback, *limit = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|O:set_exc_info", const_cast<char**>(kNames),
                                   &type, &value, &traceback, &limit))
    return nullptr;
  if (traceback == nullptr || traceback == Py_None) Py_RETURN_NONE;
  if (!record_error(me(object), type, value, traceback,
                    static_cast<int>(as_int64(limit).value_or(0))))
    return nullptr;
  return nothing();
}

PyObject* py_ignore_exception(PyObject* object, PyObject* type) {
  Ref& list = extras(me(object)).ignored;
  if (!list) list = Ref::steal(PyList_New(0));
  if (!list || PyList_Append(list.ptr(), type) < 0) return nullptr;
  return nothing();
}

PyObject* py_enter(PyObject* object, PyObject*) { return Handle(object).share().release(); }

PyObject* py_exit(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  if (count == 3 && args[0] != Py_None) {
    if (!record_error(me(object), args[0], args[1], args[2])) PyErr_Clear();
  }
  if (!finish_span(me(object), 0) && !swallow_exception()) return nullptr;
  return nothing();
}

PyObject* py_finish(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"finish_time", nullptr};
  PyObject* time = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:finish", const_cast<char**>(kNames), &time))
    return nullptr;
  std::int64_t end_ns = 0;
  if (time != Py_None) {
    const double seconds = PyFloat_AsDouble(time);
    if (PyErr_Occurred()) return nullptr;
    end_ns = static_cast<std::int64_t>(seconds * 1e9);
  }
  return finish_span(me(object), end_ns) ? nothing() : nullptr;
}
PyObject* py_finish_ns(PyObject* object, PyObject* time) {
  return finish_span(me(object), as_int64(time).value_or(0)) ? nothing() : nullptr;
}
PyObject* py_finish_all(PyObject* object, PyObject*) {
  for (Ref at = Handle(object).share(); at; at = as_span(at)->parent.share())
    if (!finish_span(as_span(at), 0)) return nullptr;
  return nothing();
}

// --- values that only travel with the object -------------------------------------------------

template <Ref SpanExtras::* Field>
PyObject* py_keep(PyObject* object, PyObject* args) {
  PyObject *key, *value;
  if (!PyArg_ParseTuple(args, "OO", &key, &value)) return nullptr;
  Ref& dict = extras(me(object)).*Field;
  if (!dict) dict = Ref::steal(PyDict_New());
  if (!dict || PyDict_SetItem(dict.ptr(), key, value) < 0) return nullptr;
  return nothing();
}
template <Ref SpanExtras::* Field>
PyObject* py_kept(PyObject* object, PyObject* key) {
  const SpanExtras* const all = me(object)->extras;
  if (all == nullptr || !(all->*Field)) return nothing();
  const Handle found = PyDict_GetItemWithError((all->*Field).ptr(), key);
  if (!found && PyErr_Occurred()) return nullptr;
  return found ? found.share().release() : nothing();
}
PyObject* py_structs(PyObject* object, PyObject*) {
  const SpanExtras* const all = me(object)->extras;
  return all && all->structs ? PyDict_Copy(all->structs.ptr()) : PyDict_New();
}

PyCFunction with_keywords(PyCFunctionWithKeywords function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

}  // namespace

bool set_tag(SpanObject* self, Handle key, Handle value) {
  const Utf8 name(key);
  if (name.view.data() == nullptr) return true;
  const Key tag(name.view);
  if (maybe_special(name.view)) [[unlikely]] {
    bool done = false;
    if (!handle_special(self, name.view, tag, value, done)) return false;
    if (done) return true;
  }
  if (PyBool_Check(value.ptr()) || PyBytes_Check(value.ptr())) return set_str_of(self, tag, value);
  return set_plain(self, tag, value);
}

bool set_attribute(SpanObject* self, Handle key, Handle value) {
  if (!PyUnicode_Check(key.ptr())) return true;
  const Utf8 name(key);
  return set_plain(self, Key(name.view), value);
}

bool set_metric(SpanObject* self, Handle key, Handle value) {
  if (!PyUnicode_Check(key.ptr())) return true;
  const Utf8 name(key);
  if (PyLong_Check(value.ptr()) || PyFloat_Check(value.ptr()))
    return set_plain(self, Key(name.view), value);
  if (PyUnicode_Check(value.ptr()) || PyBytes_Check(value.ptr())) {
    const Ref read = Ref::steal(PyNumber_Float(value.ptr()));
    if (!read) return swallow_exception();
    return set_plain(self, Key(name.view), read);
  }
  const double number = PyFloat_AsDouble(value.ptr());
  if (PyErr_Occurred()) return swallow_exception();
  writable(self).set(Key(name.view), number);
  return true;
}

bool record_error(SpanObject* self, Handle type, Handle value, Handle traceback, int limit) {
  if (!type || !value || type.is_none() || value.is_none()) return true;
  // An error raised by C code has no traceback before it reaches the first Python frame.
  if (!traceback) traceback = Py_None;
  if (is_clean_exit(type, value) || is_ignored(self, type)) return true;
  constexpr int kFrames = 30;
  const std::string name = class_name(type);
  const Ref message = Ref::steal(PyObject_Str(value.ptr()));
  if (!message && !swallow_exception()) return false;
  const Ref stack =
      format_stack(type, value, traceback, message, limit != 0 ? std::abs(limit) : kFrames);
  if (!stack && !swallow_exception()) return false;
  const Utf8 message_text(message), stack_text(stack);
  trace::Span& span = writable(self);
  span.error = 1;
  span.set(Key("error.type"), name);
  span.set(Key("error.message"), message ? message_text.view : std::string_view(name));
  if (stack) span.set(Key("error.stack"), stack_text.view);
  return true;
}

void decide(trace::Segment& segment, int priority) {
  sampling::decide_by_hand(segment, priority > 0);
}

Ref tags_of(SpanObject* self, bool texts, bool numbers) {
  writable(self).materialize();
  Ref dict = Ref::steal(PyDict_New());
  if (!dict) return dict;
  for (const trace::Attribute* at = self->span->attributes; at != nullptr; at = at->next) {
    if (at->kind == AttributeKind::kText ? !texts : !numbers) continue;
    const Ref key = make_text(at->key.view()), value = Ref::steal(value_of(*at));
    if (!key || !value || PyDict_SetItem(dict.ptr(), key.ptr(), value.ptr()) < 0) return Ref();
  }
  return dict;
}

PyMethodDef kSpanTagMethods[] = {
    {"__enter__", py_enter, METH_NOARGS, nullptr},
    {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(py_exit)),
     METH_FASTCALL, nullptr},
    {"finish", with_keywords(py_finish), METH_VARARGS | METH_KEYWORDS,
     "finish(finish_time=None)\n--\n\nEnds the span, now or at a time in seconds."},
    {"_finish_ns", py_finish_ns, METH_O, nullptr},
    {"_finish_with_ancestors", py_finish_all, METH_NOARGS, nullptr},
    {"set_tag", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(py_set_tag)),
     METH_FASTCALL | METH_KEYWORDS, "Sets a tag; a number becomes a metric."},
    {"set_tags", py_set_all<set_tag>, METH_O, nullptr},
    {"_set_attribute", py_set_attribute, METH_VARARGS, nullptr},
    {"_set_attributes", py_set_all<set_attribute>, METH_O, nullptr},
    {"set_metric", with_keywords(py_set_metric), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"set_metrics", py_set_all<set_metric>, METH_O, nullptr},
    {"get_tag", py_get_tag, METH_O, nullptr},
    {"get_tags", py_get_tags, METH_NOARGS, nullptr},
    {"get_metric", py_get_metric, METH_O, nullptr},
    {"get_metrics", py_get_metrics, METH_NOARGS, nullptr},
    {"_get_attribute", py_get_attribute, METH_O, nullptr},
    {"_get_str_attribute", py_get_tag, METH_O, nullptr},
    {"_get_numeric_attribute", py_get_metric, METH_O, nullptr},
    {"_get_attributes", py_get_attributes, METH_NOARGS, nullptr},
    {"_get_str_attributes", py_get_tags, METH_NOARGS, nullptr},
    {"_get_numeric_attributes", py_get_metrics, METH_NOARGS, nullptr},
    {"_has_attribute", py_has_attribute, METH_O, nullptr},
    {"_remove_attribute", py_remove, METH_O, nullptr},
    {"remove_tag", py_remove, METH_O, nullptr},
    {"remove_metric", py_remove, METH_O, nullptr},
    {"set_exc_info", with_keywords(py_set_exc_info), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"_ignore_exception", py_ignore_exception, METH_O, nullptr},
    {"_set_struct_tag", py_keep<&SpanExtras::structs>, METH_VARARGS, nullptr},
    {"_get_struct_tag", py_kept<&SpanExtras::structs>, METH_O, nullptr},
    {"_get_meta_structs", py_structs, METH_NOARGS, nullptr},
    {"_set_ctx_item", py_keep<&SpanExtras::items>, METH_VARARGS, nullptr},
    {"_get_ctx_item", py_kept<&SpanExtras::items>, METH_O, nullptr},
    {}};

}  // namespace dd::tracing
