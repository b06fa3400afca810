// Tags, metrics and errors of a Span. Source: SPAN.md sections 3 and 4.

#include "core/py/method.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"
#include "core/tracing/context_object.h"
#include "core/tracing/known_text.h"
#include "core/tracing/named.h"
#include "core/tracing/span_log.h"
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

constexpr std::string_view kMeasuredName = trace::tags::kMeasuredTag.text;

bool set_measured(SpanObject* self, Handle value) {
  const int truth = PyObject_IsTrue(value.ptr());
  if (truth < 0) return swallow_exception();
  writable(self).set(trace::tags::kMeasuredTag, static_cast<std::int64_t>(truth));
  return true;
}

bool handle_special(SpanObject* self, std::string_view name, const Key& key, Handle value,
                    bool& done) {
  done = true;
  if (name == "manual.keep" || name == "manual.drop") {
    decide(self, name == "manual.keep");
    return true;
  }
  if (key.text == kMeasuredName)
    return set_measured(self, value.is_none() ? Handle(Py_True) : value);
  done = false;
  if (name == "service.name") {
    const FieldText service(value);
    trace::Span& span = writable(self);
    span.set_service(service.view);
    span.service.form = service.form;
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

// Whether the tag rules may have a word for this name; first letter and length tell nearly always.
bool may_be_special(std::string_view name) {
  if (name.size() < 11) return false;
  switch (name[0]) {
    case 'm':
    case 's':
    case '_':
    case 'n':
      return true;
    default:
      return false;
  }
}

// Texts and small numbers under names that are constants of the program: nearly all tags. False:
// nothing is done.
bool set_common(SpanObject* self, PyObject* key, PyObject* value) {
  const KnownText* const name = known_text(key);
  if (name == nullptr || name->special) return false;
  if (PyUnicode_CheckExact(value)) {
    const trace::Key tag = name->key();
    if (const KnownText* const known = known_text(value)) {
      writable(self).set_static(tag, known->text);
      return true;
    }
    if (!PyUnicode_IS_COMPACT_ASCII(value)) return false;
    writable(self).set(tag,
                       std::string_view(static_cast<const char*>(PyUnicode_DATA(value)),
                                        static_cast<std::size_t>(PyUnicode_GET_LENGTH(value))));
    return true;
  }
  if (PyLong_CheckExact(value)) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) return false;
    writable(self).set(name->key(), static_cast<std::int64_t>(number));
    return true;
  }
  return false;
}

PyObject* value_of(const trace::Attribute& attribute) {
  switch (attribute.kind) {
    case AttributeKind::kText:
      return make_text(attribute.text.view()).release();
    case AttributeKind::kInt:
      return PyLong_FromLongLong(attribute.integer);
    case AttributeKind::kDouble:
      return PyFloat_FromDouble(attribute.real);
  }
  return nothing();
}

// A tag's value as Python sees it, also of those that are bits of the span; empty when absent or of
// the other kind.
Ref read(SpanObject* self, PyObject* key, bool texts, bool numbers) {
  if (!PyUnicode_Check(key)) return Ref();
  const Utf8 name(key);
  const trace::Span& span = *self->span;
  const Key tag(name.view);
  if (const trace::Attribute* const found = span.find(tag))
    return (found->kind == AttributeKind::kText ? texts : numbers) ? Ref::steal(value_of(*found))
                                                                   : Ref();
  if (!span.has(tag)) return Ref();
  double number = 0;
  if (span.number(tag, number))
    return numbers ? py::integer(static_cast<long long>(number)) : Ref();
  return texts ? make_text(span.text(tag)) : Ref();
}

PyObject* or_none(Ref value) { return value ? value.release() : nothing(); }

PyObject* py_set_tag(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  if (names == nullptr && count == 2 && set_common(me(object), args[0], args[1])) [[likely]]
    return nothing();
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

PyObject* py_set_attribute(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"key", "value", nullptr};
  PyObject *key, *value;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:_set_attribute", const_cast<char**>(kNames),
                                   &key, &value))
    return nullptr;
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
  const int empty = PyObject_Not(mapping);
  if (empty != 0) return empty > 0 ? nothing() : nullptr;
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
  return or_none(read(me(object), key, true, false));
}
PyObject* py_get_metric(PyObject* object, PyObject* key) {
  return or_none(read(me(object), key, false, true));
}
PyObject* py_get_attribute(PyObject* object, PyObject* key) {
  return or_none(read(me(object), key, true, true));
}
PyObject* py_has_attribute(PyObject* object, PyObject* key) {
  return PyBool_FromLong(PyUnicode_Check(key) && me(object)->span->has(Key(Utf8(key).view)));
}
PyObject* py_remove(PyObject* object, PyObject* key) {
  if (!PyUnicode_Check(key)) return nothing();
  const Utf8 name(key);
  if (me(object)->span->has(Key(name.view))) writable(me(object)).remove(Key(name.view));
  return nothing();
}

bool set_default(SpanObject* self, Handle key, Handle value) {
  if (!key.is_str() || self->span->has(Key(Utf8(key).view))) return true;
  return set_attribute(self, key, value);
}
PyObject* py_set_defaults(PyObject* object, PyObject* args) {
  PyObject *first, *second = Py_None;
  if (!PyArg_ParseTuple(args, "O|O", &first, &second)) return nullptr;
  const Ref done = Ref::steal(py_set_all<set_default>(object, first));
  return done ? py_set_all<set_default>(object, second) : nullptr;
}
PyObject* py_update_from_context(PyObject* object, PyObject*) {
  const Handle context = context_of(me(object));
  if (!context) return nullptr;
  const Ref meta = context.attr("_meta"), metrics = context.attr("_metrics");
  const Ref done = Ref::steal(py_set_all<set_default>(object, meta.ptr()));
  return done ? py_set_all<set_default>(object, metrics.ptr()) : nullptr;
}

PyObject* py_get_tags(PyObject* object, PyObject*) {
  return tags_of(me(object), true, false).release();
}
PyObject* py_get_metrics(PyObject* object, PyObject*) {
  return tags_of(me(object), false, true).release();
}
PyObject* py_get_attributes(PyObject* object, PyObject*) {
  return tags_of(me(object), true, true).release();
}

}  // namespace

bool set_tag(SpanObject* self, Handle key, Handle value) {
  const Utf8 name(key);
  if (name.view.data() == nullptr) return true;
  const Key tag(name.view);
  if (may_be_special(name.view)) [[unlikely]] {
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
  if (PyFloat_CheckExact(value.ptr()))
    if (const KnownText* const name = known_text(key.ptr()); name && !name->special) {
      writable(self).set(name->key(), PyFloat_AS_DOUBLE(value.ptr()));
      return true;
    }
  if (!PyUnicode_Check(key.ptr())) return true;
  const Utf8 name(key);
  if (name.view == kMeasuredName) return set_measured(self, value);
  if (PyLong_Check(value.ptr()) || PyFloat_Check(value.ptr()))
    return set_plain(self, Key(name.view), value);
  const Ref read = Ref::steal(PyNumber_Float(value.ptr()));
  if (read) return set_plain(self, Key(name.view), read);
  if (!swallow_exception()) return false;
  tell_log("metric_left_out", key, value);
  return true;
}

Ref tags_of(SpanObject* self, bool texts, bool numbers) {
  const Ref dict = py::dict();
  const trace::Span& span = *self->span;
  for (std::uint16_t i = 1; i <= trace::Key::kLastCarried; ++i) {  // those that may be bits
    const Key key(trace::tags::kTable[i].name, i);
    if (!span.has(key) || span.find(key) != nullptr) continue;
    const Ref name = make_text(key.text);
    if (const Ref value = read(self, name.ptr(), texts, numbers)) (void)dict.set_item(name, value);
  }
  if (texts && span.has(trace::kChunkHead) && !span.segment->origin.empty())
    (void)dict.set_item(make_text(trace::tags::kOrigin.text), make_text(span.segment->origin));
  for (const trace::Attribute* at = span.attributes; at != nullptr; at = at->next) {
    if (at->kind == AttributeKind::kText ? !texts : !numbers) continue;
    (void)dict.set_item(make_text(at->key.view()), Ref::steal(value_of(*at)));
  }
  return dict.share();
}

PyMethodDef kSpanTagMethods[] = {
    {"set_tag", py::method<py_set_tag>, METH_FASTCALL | METH_KEYWORDS,
     "set_tag($self, key, value=None)\n--\n\nSets a tag; a number becomes a metric."},
    {"set_tags", named<"tags", py_set_all<set_tag>>, kNamed,
     "set_tags($self, tags)\n--\n\nSets each tag of a mapping."},
    {"_set_attribute", py::method<py_set_attribute>, METH_VARARGS | METH_KEYWORDS, nullptr},
    {"_set_attributes", named<"attrs", py_set_all<set_attribute>>, kNamed, nullptr},
    {"set_metric", py::method<py_set_metric>, METH_VARARGS | METH_KEYWORDS,
     "set_metric($self, key, value)\n--\n\nSets a number."},
    {"set_metrics", named<"metrics", py_set_all<set_metric>>, kNamed,
     "set_metrics($self, metrics)\n--\n\nSets each number of a mapping."},
    {"get_tag", named<"key", py_get_tag>, kNamed,
     "get_tag($self, /, key)\n--\n\nThe text of a tag, or None."},
    {"get_tags", py_get_tags, METH_NOARGS,
     "get_tags($self)\n--\n\nA new dictionary of all that is text."},
    {"get_metric", named<"key", py_get_metric>, kNamed,
     "get_metric($self, /, key)\n--\n\nA number, or None."},
    {"get_metrics", py_get_metrics, METH_NOARGS,
     "get_metrics($self)\n--\n\nA new dictionary of all that is a number."},
    {"_get_attribute", named<"key", py_get_attribute>, kNamed, nullptr},
    {"_get_str_attribute", named<"key", py_get_tag>, kNamed, nullptr},
    {"_get_numeric_attribute", named<"key", py_get_metric>, kNamed, nullptr},
    {"_get_attributes", py_get_attributes, METH_NOARGS, nullptr},
    {"_get_str_attributes", py_get_tags, METH_NOARGS, nullptr},
    {"_get_numeric_attributes", py_get_metrics, METH_NOARGS, nullptr},
    {"_has_attribute", named<"key", py_has_attribute>, kNamed, nullptr},
    {"_remove_attribute", named<"key", py_remove>, kNamed, nullptr},
    {"remove_tag", named<"key", py_remove>, kNamed,
     "remove_tag($self, key)\n--\n\nRemoves a tag, if it is there."},
    {"remove_metric", named<"key", py_remove>, kNamed,
     "remove_metric($self, key)\n--\n\nRemoves a number, if it is there."},
    {"_set_default_attributes", py_set_defaults, METH_VARARGS, nullptr},
    {"_set_default_context_attributes", py_set_defaults, METH_VARARGS, nullptr},
    {"_update_tags_from_context", py_update_from_context, METH_NOARGS, nullptr},
    {}};

}  // namespace dd::tracing
