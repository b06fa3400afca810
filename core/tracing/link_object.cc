#include "core/tracing/link_object.h"

#include <structmember.h>

#include <cstddef>
#include <new>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/py/error.h"
#include "core/tracing/text.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;

constinit PyTypeObject* link_object_type = nullptr;
constinit PyTypeObject* event_object_type = nullptr;

RecordObject* me(PyObject* object) { return reinterpret_cast<RecordObject*>(object); }
bool truthy(Handle value) { return value && value.truth(); }

RecordObject* allocate(PyTypeObject* type) {
  auto* self = type ? reinterpret_cast<RecordObject*>(type->tp_alloc(type, 0)) : nullptr;
  if (self == nullptr) return nullptr;
  for (Ref& place : self->fields) new (&place) Ref();
  return self;
}

int clear(PyObject* object) {
  for (Ref& place : me(object)->fields) place = Ref();
  return 0;
}
int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  for (const Ref& place : me(object)->fields) Py_VISIT(place.ptr());
  return 0;
}
void dealloc(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  clear(object);
  type->tp_free(object);
  const Ref drop_type = Ref::steal(reinterpret_cast<PyObject*>(type));
}

Ref or_none(Ref value) { return value ? std::move(value) : py::none(); }
Ref or_dict(Ref value) { return value && !value.is_none() ? std::move(value) : py::dict(); }

bool check_mapping(PyObject* attributes) {
  if (attributes == Py_None || is_mapping(attributes)) return true;
  PyErr_Format(PyExc_TypeError, "'%s' object is not an instance of 'Mapping'",
               Py_TYPE(attributes)->tp_name);
  return false;
}

// --- SpanLink -------------------------------------------------------------------------------

// An identifier as an int; empty with an error set for what is none, or zero where it is checked.
Ref read_id(const char* name, PyObject* value, bool checked) {
  Ref id = Ref::steal(PyNumber_Index(value));
  if (!id) {
    PyErr_Format(PyExc_TypeError, "argument '%s': '%s' object cannot be interpreted as an integer",
                 name, Py_TYPE(value)->tp_name);
  } else if (checked && !truthy(id)) {
    PyErr_Format(PyExc_ValueError, "%s must be > 0. Value is 0", name);
    return Ref();
  }
  return id;
}

PyObject* make_link_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"trace_id",   "span_id",          "tracestate", "flags",
                                       "attributes", "_skip_validation", nullptr};
  PyObject *trace_id, *span_id, *tracestate = Py_None, *flags = Py_None, *attributes = Py_None;
  int unchecked = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|OOOp:SpanLink", const_cast<char**>(kNames),
                                   &trace_id, &span_id, &tracestate, &flags, &attributes,
                                   &unchecked))
    return nullptr;
  Ref trace = read_id("trace_id", trace_id, !unchecked);
  if (!trace) return nullptr;
  Ref span = read_id("span_id", span_id, !unchecked);
  if (!span || !check_mapping(attributes)) return nullptr;
  RecordObject* const self = allocate(type);
  if (self == nullptr) return nullptr;
  self->fields[kLinkTraceId] = std::move(trace);
  self->fields[kLinkSpanId] = std::move(span);
  self->fields[kLinkTracestate] = Handle(tracestate).share();
  self->fields[kLinkFlags] = Handle(flags).share();
  self->fields[kLinkAttributes] = or_dict(Handle(attributes).share());
  return reinterpret_cast<PyObject*>(self);
}

PyObject* link_repr(PyObject* self) {
  return PyUnicode_FromFormat(
      "SpanLink(trace_id=%S, span_id=%S, attributes=%S, tracestate=%S, flags=%S)",
      field(self, kLinkTraceId).ptr(), field(self, kLinkSpanId).ptr(),
      field(self, kLinkAttributes).ptr(), field(self, kLinkTracestate).ptr(),
      field(self, kLinkFlags).ptr());
}

PyObject* link_compare(PyObject* left, PyObject* right, int operation) {
  if (!is_link(right) || (operation != Py_EQ && operation != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  bool same = true;
  for (int i = 0; same && i < 5; ++i) {
    const int equal = PyObject_RichCompareBool(field(left, i).ptr(), field(right, i).ptr(), Py_EQ);
    if (equal < 0) return nullptr;
    same = equal != 0;
  }
  return PyBool_FromLong(same == (operation == Py_EQ));
}

Ref hex(Handle id, const char* format) {
  const Ref form = py::str(format);
  return Ref::steal(PyObject_Format(id.ptr(), form.ptr()));
}

PyObject* link_to_dict(PyObject* self, PyObject*) {
  const Ref dict = py::dict();
  (void)dict.set_item("trace_id", hex(field(self, kLinkTraceId), "032x"));
  (void)dict.set_item("span_id", hex(field(self, kLinkSpanId), "016x"));
  const Ref flat = py::dict();
  field(self, kLinkAttributes).each_pair([&](Handle key, Handle value) {
    flatten(flat, key, value);
  });
  const Ref texts = py::dict();
  flat.each_pair([&](Handle key, Handle value) {
    const Ref text =
        value.is_bool() ? py::str(value.is_true() ? "true" : "false") : py::str(value.display());
    (void)texts.set_item(key, text);
  });
  if (texts.size() > 0) (void)dict.set_item("attributes", texts);
  if (truthy(field(self, kLinkTracestate)))
    (void)dict.set_item("tracestate", field(self, kLinkTracestate));
  if (!field(self, kLinkFlags).is_none()) (void)dict.set_item("flags", field(self, kLinkFlags));
  return Handle(dict).share().release();
}

PyObject* link_reduce(PyObject* self, PyObject*) {
  return Py_BuildValue("(O(OOOOOi))", Py_TYPE(self), field(self, kLinkTraceId).ptr(),
                       field(self, kLinkSpanId).ptr(), field(self, kLinkTracestate).ptr(),
                       field(self, kLinkFlags).ptr(), field(self, kLinkAttributes).ptr(), 1);
}

// --- SpanEvent ------------------------------------------------------------------------------

PyObject* make_event_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"name", "attributes", "time_unix_nano", nullptr};
  PyObject *name, *attributes = Py_None, *time = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OO:SpanEvent", const_cast<char**>(kNames),
                                   &name, &attributes, &time))
    return nullptr;
  if (!check_mapping(attributes)) return nullptr;
  RecordObject* const self = allocate(type);
  if (self == nullptr) return nullptr;
  self->fields[kEventName] = Handle(name).share();
  self->fields[kEventAttributes] = or_dict(Handle(attributes).share());
  self->fields[kEventTime] = py::unsigned_integer(
      time == Py_None ? static_cast<std::uint64_t>(base::wall_ns()) : as_uint64(time).value_or(0));
  return reinterpret_cast<PyObject*>(self);
}

PyObject* event_repr(PyObject* self) {
  return PyUnicode_FromFormat("SpanEvent(name='%S', time=%S, attributes=%S)",
                              field(self, kEventName).ptr(), field(self, kEventTime).ptr(),
                              field(self, kEventAttributes).ptr());
}

PyObject* event_iterate(PyObject* self) {
  const Ref pairs = Ref::steal(Py_BuildValue(
      "((sO)(sO)(sO))", "name", field(self, kEventName).ptr(), "time_unix_nano",
      field(self, kEventTime).ptr(), "attributes", field(self, kEventAttributes).ptr()));
  return pairs ? PyObject_GetIter(pairs.ptr()) : nullptr;
}

PyObject* event_reduce(PyObject* self, PyObject*) {
  return Py_BuildValue("(O(OOO))", Py_TYPE(self), field(self, kEventName).ptr(),
                       field(self, kEventAttributes).ptr(), field(self, kEventTime).ptr());
}

constexpr Py_ssize_t place(int index) {
  return static_cast<Py_ssize_t>(offsetof(RecordObject, fields) +
                                 static_cast<std::size_t>(index) * sizeof(Ref));
}

template <class Function>
void* slot(Function* function) {
  return reinterpret_cast<void*>(function);
}

}  // namespace

PyTypeObject* link_type() {
  static constexpr char kLinkDoc[] =
      "SpanLink(trace_id, span_id, tracestate=None, flags=None, attributes=None, "
      "_skip_validation=False)\n--\n\nA reference to another span.";
  if (link_object_type != nullptr) return link_object_type;
  static PyMemberDef members[] = {
      {"trace_id", T_OBJECT, place(kLinkTraceId), READONLY, nullptr},
      {"span_id", T_OBJECT, place(kLinkSpanId), READONLY, nullptr},
      {"tracestate", T_OBJECT, place(kLinkTracestate), READONLY, nullptr},
      {"flags", T_OBJECT, place(kLinkFlags), READONLY, nullptr},
      {"attributes", T_OBJECT, place(kLinkAttributes), READONLY, nullptr},
      {}};
  static PyMethodDef methods[] = {
      {"to_dict", link_to_dict, METH_NOARGS, "to_dict($self, /)\n--\n\nWhat is sent of it."},
      {"__reduce__", link_reduce, METH_NOARGS, nullptr},
      {}};
  static PyType_Slot slots[] = {{Py_tp_new, slot(make_link_new)},
                                {Py_tp_dealloc, slot(dealloc)},
                                {Py_tp_traverse, slot(traverse)},
                                {Py_tp_clear, slot(clear)},
                                {Py_tp_repr, slot(link_repr)},
                                {Py_tp_hash, slot(PyObject_HashNotImplemented)},
                                {Py_tp_richcompare, slot(link_compare)},
                                {Py_tp_members, members},
                                {Py_tp_methods, methods},
                                {Py_tp_doc, const_cast<char*>(kLinkDoc)},
                                {0, nullptr}};
  static PyType_Spec spec = {"ddtrace._trace._span_link.SpanLink", sizeof(RecordObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
  link_object_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return link_object_type;
}

PyTypeObject* event_type() {
  if (event_object_type != nullptr) return event_object_type;
  static PyMemberDef members[] = {
      {"name", T_OBJECT, place(kEventName), READONLY, nullptr},
      {"attributes", T_OBJECT, place(kEventAttributes), READONLY, nullptr},
      {"time_unix_nano", T_OBJECT, place(kEventTime), READONLY, nullptr},
      {}};
  static PyMethodDef methods[] = {{"__reduce__", event_reduce, METH_NOARGS, nullptr}, {}};
  static PyType_Slot slots[] = {
      {Py_tp_new, slot(make_event_new)},
      {Py_tp_dealloc, slot(dealloc)},
      {Py_tp_traverse, slot(traverse)},
      {Py_tp_clear, slot(clear)},
      {Py_tp_repr, slot(event_repr)},
      {Py_tp_iter, slot(event_iterate)},
      {Py_tp_members, members},
      {Py_tp_methods, methods},
      {Py_tp_doc, const_cast<char*>("Something that happened in a span.")},
      {0, nullptr}};
  static PyType_Spec spec = {"ddtrace._trace._span_event.SpanEvent", sizeof(RecordObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
  event_object_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return event_object_type;
}

Ref make_link(Ref trace_id, Ref span_id, Ref tracestate, Ref flags, Ref attributes) {
  RecordObject* const self = allocate(link_type());
  if (self == nullptr) return Ref();
  self->fields[kLinkTraceId] = std::move(trace_id);
  self->fields[kLinkSpanId] = std::move(span_id);
  self->fields[kLinkTracestate] = or_none(std::move(tracestate));
  self->fields[kLinkFlags] = or_none(std::move(flags));
  self->fields[kLinkAttributes] = or_dict(std::move(attributes));
  return Ref::steal(reinterpret_cast<PyObject*>(self));
}

Ref make_event(Ref name, Ref attributes, Ref time_unix_ns) {
  RecordObject* const self = allocate(event_type());
  if (self == nullptr) return Ref();
  self->fields[kEventName] = std::move(name);
  self->fields[kEventAttributes] = or_dict(std::move(attributes));
  self->fields[kEventTime] = std::move(time_unix_ns);
  return Ref::steal(reinterpret_cast<PyObject*>(self));
}

namespace {

// The containers that a value is inside of, outwards.
struct Around {
  PyObject* container;
  const Around* next;
  int depth;
};
constexpr int kDeepestAttribute = 100;

bool is_inside(PyObject* container, const Around* around) {
  for (; around; around = around->next)
    if (around->container == container || around->depth >= kDeepestAttribute) return true;
  return false;
}

void flatten_inside(Handle into, Handle key, Handle value, const Around* around) {
  if (!value.is_list() && !value.is_tuple() && !PyAnySet_Check(value.ptr())) {
    (void)into.set_item(key, value);
    return;
  }
  if (is_inside(value.ptr(), around)) return;
  const Around here{value.ptr(), around, around ? around->depth + 1 : 1};
  const std::string prefix = key.text() + ".";
  long long index = 0;
  value.each([&](Handle item) {
    flatten_inside(into, py::str(prefix + std::to_string(index++)), item, &here);
  });
}

}  // namespace

void flatten(Handle into, Handle key, Handle value) { flatten_inside(into, key, value, nullptr); }

}  // namespace dd::tracing
