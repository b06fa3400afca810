// Links, events and structured values of a Span. Source: SPAN.md sections 3 and 5.
//
// Values are read, with whatever code of the application that runs, before anything is written.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/propagation/propagation.h"
#include "core/py/error.h"
#include "core/py/method.h"
#include "core/trace/link.h"
#include "core/tracing/context_object.h"
#include "core/tracing/event_values.h"
#include "core/tracing/link_object.h"
#include "core/tracing/named.h"
#include "core/tracing/pack.h"
#include "core/tracing/span_object.h"
#include "core/tracing/text.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;
using trace::EventValue;
using trace::EventValueKind;

SpanObject* me(PyObject* object) { return reinterpret_cast<SpanObject*>(object); }
PyObject* nothing() { return py::none().release(); }

PyObject* unfit(const char* name, PyObject* value, const char* wanted) {
  return PyErr_Format(PyExc_TypeError, "argument '%s': '%s' object %s", name,
                      Py_TYPE(value)->tp_name, wanted);
}

// --- links ----------------------------------------------------------------------------------

constexpr std::string_view kLinkKind = "link.kind", kPointer = "span-pointer";

std::string attribute_text(Handle value) {
  if (value.is_bool()) return value.is_true() ? "true" : "false";
  return value.display();
}

trace::Entries flat_texts(Handle attributes) {
  trace::Entries texts;
  if (!attributes || attributes.is_none()) return texts;
  const Ref flat = py::dict();
  attributes.each_pair([&](Handle key, Handle value) { flatten(flat, key, value); });
  flat.each_pair(
      [&](Handle key, Handle value) { texts.emplace_back(key.display(), attribute_text(value)); });
  return texts;
}

void add(SpanObject* self, trace::TraceId trace_id, std::uint64_t span_id, Handle tracestate,
         std::optional<std::uint32_t> flags, const trace::Entries& attributes) {
  const std::string* kind = trace::find_entry(attributes, kLinkKind);
  trace::Span& span = writable(self);
  trace::Link* const link = trace::add_link(span, trace_id, span_id,
                                            tracestate ? Utf8(tracestate).view : std::string_view(),
                                            flags, kind != nullptr && *kind == kPointer);
  if (link == nullptr) return;
  for (const auto& [key, value] : attributes) trace::set_link_attribute(span, *link, key, value);
}

PyObject* py_set_link(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"trace_id", "span_id",    "tracestate",
                                       "flags",    "attributes", nullptr};
  PyObject *trace_id, *span_id, *tracestate = Py_None, *flags = Py_None, *attributes = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|OOO:set_link", const_cast<char**>(kNames),
                                   &trace_id, &span_id, &tracestate, &flags, &attributes))
    return nullptr;
  constexpr const char* kNoInteger = "cannot be interpreted as an integer";
  if (!PyIndex_Check(trace_id)) return unfit("trace_id", trace_id, kNoInteger);
  if (!PyIndex_Check(span_id)) return unfit("span_id", span_id, kNoInteger);
  if (flags != Py_None && !PyIndex_Check(flags)) return unfit("flags", flags, kNoInteger);
  if (attributes != Py_None && !is_mapping(attributes))
    return unfit("attributes", attributes, "is not an instance of 'Mapping'");
  if (PyObject_Not(tracestate) > 0) tracestate = Py_None;
  trace::TraceId id;
  const auto low = as_uint64(span_id);
  if (!read_trace_id(trace_id, id) || !low)
    return PyErr_Format(PyExc_OverflowError, "an id of a link is out of range");
  const trace::Entries texts = flat_texts(attributes);
  std::optional<std::uint32_t> bits;
  if (const auto number = as_int64(flags)) bits = static_cast<std::uint32_t>(*number);
  add(me(object), id, *low, tracestate, bits, texts);
  return nothing();
}

PyObject* py_link_span(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"context", "attributes", nullptr};
  PyObject *context, *attributes = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:link_span", const_cast<char**>(kNames),
                                   &context, &attributes))
    return nullptr;
  if (!is_context(context))
    return PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute 'trace_id'",
                        Py_TYPE(context)->tp_name);
  ContextObject* const to = as_context(context);
  if (!to->trace_id || to->span_id == 0) {
    const Ref module = Ref::steal(PyImport_ImportModule("ddtrace._trace._reports"));
    if (!module) return nullptr;
    return PyObject_CallMethod(module.ptr(), "bad_link", "O", context);
  }
  const trace::Entries texts = flat_texts(attributes);
  const std::string tracestate =
      propagation::tracestate(segment_of(to), propagation::LastParent::kNone);
  const auto priority = priority_of(*to->segment);
  add(me(object), to->trace_id, to->span_id, tracestate.empty() ? py::none() : py::str(tracestate),
      priority && *priority > 0 ? 1u : 0u, texts);
  return nothing();
}

PyObject* py_add_pointer(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"pointer_kind", "pointer_direction", "pointer_hash",
                                       "extra_attributes", nullptr};
  PyObject *kind, *direction, *hash, *attributes = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|O:_add_span_pointer",
                                   const_cast<char**>(kNames), &kind, &direction, &hash,
                                   &attributes))
    return nullptr;
  const Ref letter = Ref::steal(PyObject_GetAttrString(direction, "value"));
  if (!letter) return nullptr;
  trace::Entries texts = flat_texts(attributes);
  trace::set_entry(texts, "ptr.kind", Handle(kind).display());
  trace::set_entry(texts, "ptr.dir", letter.display());
  trace::set_entry(texts, "ptr.hash", Handle(hash).display());
  trace::set_entry(texts, kLinkKind, kPointer);
  add(me(object), {}, 0, Handle(), std::nullopt, texts);
  return nothing();
}

PyObject* py_get_links(PyObject* object, PyObject*) { return links_of(me(object)).release(); }
PyObject* py_has_links(PyObject* object, PyObject*) {
  return PyBool_FromLong(me(object)->span->links() != nullptr);
}

// --- events ---------------------------------------------------------------------------------

struct Value {  // one read value, before it is written
  std::string key;
  EventValueKind kind = EventValueKind::kText;
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
  trace::Form form = trace::Form::kText;
  std::vector<Value> elements;
};

bool is_real(Handle value) {
  const PyNumberMethods* const number = Py_TYPE(value.ptr())->tp_as_number;
  return number != nullptr && (number->nb_float != nullptr || number->nb_index != nullptr);
}

Value read(Handle value, bool nested) {
  Value out;
  if (value.is_bool()) {
    out.kind = EventValueKind::kBool;
    out.integer = value.is_true();
  } else if (value.is_float()) {
    out.kind = EventValueKind::kDouble;
    out.real = value.number();
  } else if (const auto whole = as_int64(value)) {
    out.kind = EventValueKind::kInt;
    out.integer = *whole;
  } else if (is_real(value)) {
    out.kind = EventValueKind::kDouble;
    out.real = PyFloat_AsDouble(value.ptr());
    if (PyErr_Occurred()) py::swallow_error();
  } else if (value.is_list() && !nested) {
    out.kind = EventValueKind::kArray;
    value.each([&](Handle item) { out.elements.push_back(read(item, true)); });
  } else {
    out.text = value.is_str() ? value.text() : value.display();
    if (value.is_none()) out.form = trace::Form::kNone;  // sent as a text, read as None
  }
  return out;
}

void write(trace::Span& span, EventValue& to, const Value& from) {
  switch (from.kind) {
    case EventValueKind::kText:
      to.text = trace::copy_text(span, from.text);
      to.text.form = from.form;
      break;
    case EventValueKind::kBool:
    case EventValueKind::kInt:
      to.integer = from.integer;
      break;
    case EventValueKind::kDouble:
      to.real = from.real;
      break;
    case EventValueKind::kArray:
      for (const Value& element : from.elements)
        write(span, *trace::add_array_value(span, to, element.kind), element);
  }
}

Ref object_of(const EventValue& value) {
  switch (value.kind) {
    case EventValueKind::kText:
      return value.text.form == trace::Form::kNone ? py::none() : make_text(value.text.view());
    case EventValueKind::kBool:
      return py::boolean(value.integer != 0);
    case EventValueKind::kInt:
      return py::integer(value.integer);
    case EventValueKind::kDouble:
      return py::number(value.real);
    case EventValueKind::kArray:
      break;
  }
  Ref list = py::list();
  for (const EventValue* at = value.elements; at != nullptr; at = at->next)
    (void)list.append(object_of(*at));
  return list;
}

PyObject* py_add_event(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"name", "attributes", "time_unix_nano", nullptr};
  PyObject *name, *attributes = Py_None, *time = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OO:_add_event", const_cast<char**>(kNames),
                                   &name, &attributes, &time))
    return nullptr;
  if (attributes != Py_None && !is_mapping(attributes))
    return PyErr_Format(PyExc_TypeError, "'%s' object is not an instance of 'Mapping'",
                        Py_TYPE(attributes)->tp_name);
  const std::uint64_t at =
      time == Py_None ? static_cast<std::uint64_t>(base::wall_ns()) : as_uint64(time).value_or(0);
  return add_event_of(me(object), Handle(name).text(), attributes, at) ? nothing() : nullptr;
}
PyObject* py_get_events(PyObject* object, PyObject*) { return events_of(me(object)).release(); }
PyObject* py_has_events(PyObject* object, PyObject*) {
  return PyBool_FromLong(me(object)->span->events() != nullptr);
}

// --- meta_struct ----------------------------------------------------------------------------

PyObject* py_set_struct(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"key", "value", nullptr};
  PyObject *key, *value;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:_set_struct_tag", const_cast<char**>(kNames),
                                   &key, &value))
    return nullptr;
  if (!PyUnicode_Check(key)) return unfit("key", key, "is not an instance of 'str'");
  if (!PyDict_Check(value)) return unfit("value", value, "is not an instance of 'dict'");
  Ref& dict = extras(me(object)).structs;
  if (!dict) dict = py::dict();
  if (PyDict_SetItem(dict.ptr(), key, value) < 0) return nullptr;
  if (me(object)->span->finished()) pack_structs(me(object));
  return nothing();
}
PyObject* py_get_struct(PyObject* object, PyObject* key) {
  const SpanExtras* const all = me(object)->extras;
  if (all == nullptr || !all->structs) return nothing();
  const Handle found = PyDict_GetItemWithError(all->structs.ptr(), key);
  if (!found && PyErr_Occurred()) return nullptr;
  return found ? found.share().release() : nothing();
}
PyObject* py_remove_struct(PyObject* object, PyObject* key) {
  const SpanExtras* const all = me(object)->extras;
  if (all == nullptr || !all->structs || !PyUnicode_Check(key)) return nothing();
  if (all->structs.contains(key) && PyDict_DelItem(all->structs.ptr(), key) < 0) return nullptr;
  trace::remove_struct(writable(me(object)), Utf8(key).view);
  return nothing();
}
PyObject* py_structs(PyObject* object, PyObject*) {
  const SpanExtras* const all = me(object)->extras;
  return all && all->structs ? PyDict_Copy(all->structs.ptr()) : PyDict_New();
}
PyObject* py_has_structs(PyObject* object, PyObject*) {
  const SpanExtras* const all = me(object)->extras;
  return PyBool_FromLong(all != nullptr && all->structs && all->structs.size() > 0);
}

}  // namespace

Ref links_of(SpanObject* self) {
  Ref list = py::list();
  for (const trace::Link* link = self->span->links(); link != nullptr; link = link->next) {
    Ref attributes = py::dict();
    for (const trace::TextPair* pair = link->attributes; pair != nullptr; pair = pair->next)
      (void)attributes.set_item(make_text(pair->key.view()), make_text(pair->value.view()));
    (void)list.append(
        make_link(id_object(link->trace_id), py::unsigned_integer(link->span_id),
                  link->tracestate.present() ? make_text(link->tracestate.view()) : Ref(),
                  link->flags ? py::integer(*link->flags) : Ref(), std::move(attributes)));
  }
  return list;
}

bool add_links(SpanObject* self, Handle links) {
  const Ref list = Ref::steal(PySequence_List(links.ptr()));
  if (!list) return false;
  list.each([&](Handle link) {
    if (!is_link(link)) return;
    trace::TraceId id;
    if (!read_trace_id(field(link, kLinkTraceId), id)) id = {};
    std::optional<std::uint32_t> flags;
    if (const auto number = as_int64(field(link, kLinkFlags)))
      flags = static_cast<std::uint32_t>(*number);
    const trace::Entries texts = flat_texts(field(link, kLinkAttributes));
    add(self, id, as_uint64(field(link, kLinkSpanId)).value_or(0), field(link, kLinkTracestate),
        flags, texts);
  });
  return true;
}

bool add_event_of(SpanObject* self, std::string_view name, Handle attributes,
                  std::uint64_t time_unix_ns) {
  std::vector<Value> values;
  if (attributes && !attributes.is_none())
    attributes.each_pair([&](Handle key, Handle value) {
      values.push_back(read(value, false));
      values.back().key = key.display();
    });
  trace::Span& span = writable(self);
  trace::Event* const event = trace::add_event(span, name, time_unix_ns);
  if (event == nullptr) return true;
  for (const Value& value : values)
    write(span, *trace::add_event_value(span, *event, value.key, value.kind), value);
  return true;
}

Ref events_of(SpanObject* self) {
  Ref list = py::list();
  for (const trace::Event* event = self->span->events(); event != nullptr; event = event->next) {
    Ref attributes = py::dict();
    for (const EventValue* value = event->attributes; value != nullptr; value = value->next)
      (void)attributes.set_item(make_text(value->key.view()), object_of(*value));
    (void)list.append(make_event(make_text(event->name.view()), std::move(attributes),
                                 py::unsigned_integer(event->time_unix_ns)));
  }
  return list;
}

void pack_structs(SpanObject* self) {
  if (self->extras == nullptr || !self->extras->structs) return;
  const Ref structs = self->extras->structs.share();
  std::vector<std::pair<std::string, std::string>> packed;
  structs.each_pair(
      [&](Handle key, Handle value) { packed.emplace_back(key.text(), pack(value)); });
  for (const auto& [key, bytes] : packed) trace::set_struct(writable(self), key, bytes);
}

PyMethodDef kSpanLinkMethods[] = {
    {"set_link", py::method<py_set_link>, METH_VARARGS | METH_KEYWORDS,
     "set_link($self, trace_id, span_id, tracestate=None, flags=None, attributes=None)\n--\n\n"
     "Adds a link; one to the same span is replaced."},
    {"_set_link", py::method<py_set_link>, METH_VARARGS | METH_KEYWORDS, nullptr},
    {"link_span", py::method<py_link_span>, METH_VARARGS | METH_KEYWORDS,
     "link_span($self, context, attributes=None)\n--\n\nAdds a link to a context's span."},
    {"_add_span_pointer", py::method<py_add_pointer>, METH_VARARGS | METH_KEYWORDS, nullptr},
    {"_get_links", py_get_links, METH_NOARGS, nullptr},
    {"_has_links", py_has_links, METH_NOARGS, nullptr},
    {"_add_event", py::method<py_add_event>, METH_VARARGS | METH_KEYWORDS,
     "_add_event($self, name, attributes=None, time_unix_nano=None)\n--\n\n"
     "Adds something that happened, now or at a time."},
    {"_get_events", py_get_events, METH_NOARGS, nullptr},
    {"_has_events", py_has_events, METH_NOARGS, nullptr},
    {"_set_struct_tag", py::method<py_set_struct>, METH_VARARGS | METH_KEYWORDS, nullptr},
    {"_get_struct_tag", named<"key", py_get_struct>, kNamed, nullptr},
    {"_remove_struct_tag", named<"key", py_remove_struct>, kNamed, nullptr},
    {"_get_meta_structs", py_structs, METH_NOARGS, nullptr},
    {"_has_meta_structs", py_has_structs, METH_NOARGS, nullptr},
    {}};

}  // namespace dd::tracing
