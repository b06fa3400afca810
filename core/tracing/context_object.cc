#include "core/tracing/context_object.h"

#include <structmember.h>

#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "core/tracing/text.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;
using trace::Segment;
using trace::Shared;

constinit PyTypeObject* type_object = nullptr;

constexpr const char* kPriorityName = "_sampling_priority_v1";
constexpr std::string_view kOriginName = "_dd.origin";

ContextObject* me(PyObject* object) { return reinterpret_cast<ContextObject*>(object); }
PyObject* nothing() { return py::none().release(); }

ContextObject* allocate(PyTypeObject* type) {
  auto* self = reinterpret_cast<ContextObject*>(type->tp_alloc(type, 0));
  if (self == nullptr) return nullptr;
  new (&self->segment) Shared<Segment>();
  new (&self->trace_id) trace::TraceId();
  self->span_id = 0;
  new (&self->reactivate) Ref();
  new (&self->links) Ref();
  self->weakrefs = nullptr;
  self->remote = true;
  return self;
}

int clear(PyObject* object) {
  me(object)->reactivate = Ref();
  me(object)->links = Ref();
  return 0;
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(me(object)->reactivate.ptr());
  Py_VISIT(me(object)->links.ptr());
  return 0;
}

void dealloc(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  if (me(object)->weakrefs != nullptr) PyObject_ClearWeakRefs(object);
  clear(object);
  me(object)->segment.~Shared();
  type->tp_free(object);
  const Ref drop_type = Ref::steal(reinterpret_cast<PyObject*>(type));
}

// --- maps: read whole under the lock, built into Python objects after it ------------------------

Ref dict_of(const trace::Entries& entries) {
  Ref dict = py::dict();
  for (const auto& [key, value] : entries) (void)dict.set_item(py::str(key), py::str(value));
  return dict;
}

Ref meta_of(Segment& segment) {
  trace::Entries entries;
  std::string origin;
  {
    const base::MutexLock lock(segment.mutex);
    entries = segment.meta;
    origin = segment.origin;
  }
  Ref dict = dict_of(entries);
  if (!origin.empty()) (void)dict.set_item(py::str(kOriginName), py::str(origin));
  return dict;
}

std::optional<int> priority_of(Segment& segment) {
  const base::MutexLock lock(segment.mutex);
  return segment.priority;
}

Ref metrics_of(Segment& segment) {
  std::vector<std::pair<std::string, double>> metrics;
  {
    const base::MutexLock lock(segment.mutex);
    metrics = segment.metrics;
  }
  Ref dict = py::dict();
  for (const auto& [key, value] : metrics) (void)dict.set_item(py::str(key), py::number(value));
  if (const auto priority = priority_of(segment))
    (void)dict.set_item(kPriorityName, py::integer(*priority));
  return dict;
}

Ref baggage_of(Segment& segment) {
  trace::Entries entries;
  {
    const base::MutexLock lock(segment.mutex);
    entries = segment.baggage;
  }
  return dict_of(entries);
}

void set_priority(Segment& segment, Handle value) {
  std::optional<int> priority;
  if (PyFloat_Check(value.ptr()))
    priority = static_cast<int>(value.number());
  else if (const auto number = as_int64(value))
    priority = static_cast<int>(*number);
  const base::MutexLock lock(segment.mutex);
  segment.priority = priority;
}

void set_origin(Segment& segment, std::string_view origin) {
  const base::MutexLock lock(segment.mutex);
  segment.origin = origin;
}

void fill_meta(Segment& segment, Handle meta) {
  meta.each_pair([&](Handle key, Handle value) {
    const std::string name = key.text(), text = value.display();
    if (name == kOriginName) return set_origin(segment, text);
    const base::MutexLock lock(segment.mutex);
    trace::set_entry(segment.meta, name, text);
  });
}

void fill_metrics(Segment& segment, Handle metrics) {
  metrics.each_pair([&](Handle key, Handle value) {
    const std::string name = key.text();
    if (name == kPriorityName) return set_priority(segment, value);
    const double number = value.number();
    const base::MutexLock lock(segment.mutex);
    segment.metrics.emplace_back(name, number);
  });
}

void fill_baggage(Segment& segment, Handle baggage) {
  baggage.each_pair([&](Handle key, Handle value) {
    const std::string name = key.text(), text = value.display();
    const base::MutexLock lock(segment.mutex);
    trace::set_entry(segment.baggage, name, text);
  });
}

bool printable(std::string_view text) {
  for (const char c : text)
    if (c < 0x20 || c > 0x7e) return false;
  return true;
}

PyObject* make(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"trace_id", "span_id", "dd_origin",  "sampling_priority",
                                       "meta",     "metrics", "span_links", "baggage",
                                       "is_remote", nullptr};
  PyObject *trace_id = Py_None, *span_id = Py_None, *origin = Py_None, *priority = Py_None,
           *meta = Py_None, *metrics = Py_None, *links = Py_None, *baggage = Py_None;
  int remote = 1;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OOOOOOOOp:Context", const_cast<char**>(kNames),
                                   &trace_id, &span_id, &origin, &priority, &meta, &metrics,
                                   &links, &baggage, &remote))
    return nullptr;
  ContextObject* const self = allocate(type);
  if (self == nullptr) return nullptr;
  Ref owner = Ref::steal(reinterpret_cast<PyObject*>(self));
  if (!read_trace_id(trace_id, self->trace_id)) self->trace_id = {};
  self->span_id = as_uint64(span_id).value_or(0);
  self->remote = remote != 0;
  self->segment = Segment::make(self->trace_id);
  Segment& segment = *self->segment;
  if (meta != Py_None) fill_meta(segment, meta);
  if (metrics != Py_None) fill_metrics(segment, metrics);
  if (baggage != Py_None) fill_baggage(segment, baggage);
  if (const Utf8 text(origin); text.view.data() && printable(text.view))
    set_origin(segment, text.view);
  if (priority != Py_None) set_priority(segment, priority);
  if (PyList_Check(links)) self->links = Handle(links).share();
  return owner.release();
}

// --- fields -------------------------------------------------------------------------------------

PyObject* get_trace_id(PyObject* self, void*) {
  return me(self)->trace_id ? id_object(me(self)->trace_id).release() : nothing();
}
int set_trace_id(PyObject* self, PyObject* value, void*) {
  trace::TraceId id;
  if (value == Py_None)
    me(self)->trace_id = {};
  else if (read_trace_id(value, id))
    me(self)->trace_id = id;
  return 0;
}
PyObject* get_low_trace_id(PyObject* self, void*) {
  return PyLong_FromUnsignedLongLong(me(self)->trace_id.low);
}
PyObject* get_span_id(PyObject* self, void*) {
  return me(self)->span_id ? PyLong_FromUnsignedLongLong(me(self)->span_id) : nothing();
}
int set_span_id(PyObject* self, PyObject* value, void*) {
  if (value == Py_None)
    me(self)->span_id = 0;
  else if (const auto id = as_uint64(value))
    me(self)->span_id = *id;
  return 0;
}
PyObject* get_priority(PyObject* self, void*) {
  const auto priority = priority_of(*me(self)->segment);
  return priority ? PyLong_FromLong(*priority) : nothing();
}
int put_priority(PyObject* self, PyObject* value, void*) {
  set_priority(*me(self)->segment, value == nullptr ? Py_None : value);
  return 0;
}
PyObject* get_origin(PyObject* self, void*) {
  std::string origin;
  {
    const base::MutexLock lock(me(self)->segment->mutex);
    origin = me(self)->segment->origin;
  }
  return origin.empty() ? nothing() : py::str(origin).release();
}
int put_origin(PyObject* self, PyObject* value, void*) {
  set_origin(*me(self)->segment, Utf8(value).view);
  return 0;
}
PyObject* get_meta(PyObject* self, void*) { return meta_of(*me(self)->segment).release(); }
PyObject* get_metrics(PyObject* self, void*) { return metrics_of(*me(self)->segment).release(); }
PyObject* get_baggage(PyObject* self, void*) { return baggage_of(*me(self)->segment).release(); }
PyObject* get_links(PyObject* self, void*) {
  Ref& links = me(self)->links;
  if (!links) links = py::list();
  return links.share().release();
}
PyObject* get_remote(PyObject* self, void*) { return PyBool_FromLong(me(self)->remote); }
PyObject* get_reactivate(PyObject* self, void*) {
  const Handle wish = me(self)->reactivate;
  return wish ? wish.share().release() : PyBool_FromLong(0);
}
int set_reactivate(PyObject* self, PyObject* value, void*) {
  me(self)->reactivate = Handle(value).share();
  return 0;
}

// --- methods ------------------------------------------------------------------------------------

PyObject* copy(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"trace_id", "span_id", nullptr};
  PyObject *trace_id, *span_id;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:copy", const_cast<char**>(kNames), &trace_id,
                                   &span_id))
    return nullptr;
  trace::TraceId id;
  if (!read_trace_id(trace_id, id)) id = {};
  return make_context(me(self)->segment, id, as_uint64(span_id).value_or(0), false).release();
}

PyObject* set_baggage_item(PyObject* self, PyObject* args) {
  PyObject *key, *value;
  if (!PyArg_ParseTuple(args, "OO:set_baggage_item", &key, &value)) return nullptr;
  const std::string name = Handle(key).text(), text = Handle(value).display();
  const base::MutexLock lock(me(self)->segment->mutex);
  trace::set_entry(me(self)->segment->baggage, name, text);
  return nothing();
}
PyObject* get_baggage_item(PyObject* self, PyObject* key) {
  const std::string name = Handle(key).text();
  std::optional<std::string> found;
  {
    const base::MutexLock lock(me(self)->segment->mutex);
    if (const std::string* value = trace::find_entry(me(self)->segment->baggage, name))
      found = *value;
  }
  return found ? py::str(*found).release() : nothing();
}
PyObject* get_all_baggage(PyObject* self, PyObject*) { return get_baggage(self, nullptr); }
PyObject* remove_baggage_item(PyObject* self, PyObject* key) {
  const std::string name = Handle(key).text();
  const base::MutexLock lock(me(self)->segment->mutex);
  trace::remove_entry(me(self)->segment->baggage, name);
  return nothing();
}
PyObject* remove_all_baggage(PyObject* self, PyObject*) {
  const base::MutexLock lock(me(self)->segment->mutex);
  me(self)->segment->baggage.clear();
  return nothing();
}
PyObject* enter(PyObject* self, PyObject*) { return Handle(self).share().release(); }
PyObject* leave(PyObject*, PyObject*) { return nothing(); }

// The eight parts of its state, in the order of the pickled form and of equality.
PyObject* get_state(PyObject* self, PyObject*) {
  const Ref trace_id = Ref::steal(get_trace_id(self, nullptr)),
            span_id = Ref::steal(get_span_id(self, nullptr)),
            meta = meta_of(*me(self)->segment), metrics = metrics_of(*me(self)->segment),
            links = Ref::steal(get_links(self, nullptr)),
            baggage = baggage_of(*me(self)->segment),
            reactivate = Ref::steal(get_reactivate(self, nullptr));
  return Py_BuildValue("(OOOOOOiO)", trace_id.ptr(), span_id.ptr(), meta.ptr(), metrics.ptr(),
                       links.ptr(), baggage.ptr(), static_cast<int>(me(self)->remote),
                       reactivate.ptr());
}

PyObject* set_state(PyObject* self, PyObject* state) {
  PyObject *trace_id, *span_id, *meta, *metrics, *links, *baggage, *reactivate;
  int remote;
  if (!PyTuple_Check(state) ||
      !PyArg_ParseTuple(state, "OOOOOOpO", &trace_id, &span_id, &meta, &metrics, &links, &baggage,
                        &remote, &reactivate))
    return nullptr;
  trace::TraceId id;
  if (!read_trace_id(trace_id, id)) id = {};
  me(self)->trace_id = id;
  me(self)->span_id = as_uint64(span_id).value_or(0);
  me(self)->remote = remote != 0;
  me(self)->segment = Segment::make(id);
  fill_meta(*me(self)->segment, meta);
  fill_metrics(*me(self)->segment, metrics);
  fill_baggage(*me(self)->segment, baggage);
  if (PyList_Check(links)) me(self)->links = Handle(links).share();
  me(self)->reactivate = Handle(reactivate).share();
  return nothing();
}

PyObject* reduce(PyObject* self, PyObject*) {
  const Ref state = Ref::steal(get_state(self, nullptr));
  if (!state) return nullptr;
  return Py_BuildValue("(O()O)", Py_TYPE(self), state.ptr());
}

PyObject* compare(PyObject* left, PyObject* right, int operation) {
  if (!is_context(right) || (operation != Py_EQ && operation != Py_NE)) {
    Py_RETURN_NOTIMPLEMENTED;
  }
  bool same = me(left)->trace_id == me(right)->trace_id && me(left)->remote == me(right)->remote;
  if (same && me(left)->segment.get() != me(right)->segment.get()) {
    Segment &one = *me(left)->segment, &two = *me(right)->segment;
    const Ref pairs[][2] = {{meta_of(one), meta_of(two)},
                            {metrics_of(one), metrics_of(two)},
                            {baggage_of(one), baggage_of(two)}};
    for (const auto& pair : pairs) {
      const int equal = PyObject_RichCompareBool(pair[0].ptr(), pair[1].ptr(), Py_EQ);
      if (equal < 0) return nullptr;
      same = same && equal;
    }
  }
  return PyBool_FromLong(same == (operation == Py_EQ));
}

Py_hash_t hash(PyObject* self) {
  const Ref id = Ref::steal(get_trace_id(self, nullptr));
  return PyObject_Hash(id.ptr());
}

PyObject* repr(PyObject* self) {
  const Ref state = Ref::steal(get_state(self, nullptr));
  if (!state) return nullptr;
  PyObject* const part = state.ptr();
  const Ref remote = Ref::steal(PyBool_FromLong(me(self)->remote));
  return PyUnicode_FromFormat(
      "Context(trace_id=%S, span_id=%S, _meta=%S, _metrics=%S, _span_links=%S, _baggage=%S, "
      "_is_remote=%S)",
      PyTuple_GET_ITEM(part, 0), PyTuple_GET_ITEM(part, 1), PyTuple_GET_ITEM(part, 2),
      PyTuple_GET_ITEM(part, 3), PyTuple_GET_ITEM(part, 4), PyTuple_GET_ITEM(part, 5),
      remote.ptr());
}

PyGetSetDef kFields[] = {
    {"trace_id", get_trace_id, set_trace_id, nullptr, nullptr},
    {"_trace_id_64bits", get_low_trace_id, nullptr, nullptr, nullptr},
    {"span_id", get_span_id, set_span_id, nullptr, nullptr},
    {"sampling_priority", get_priority, put_priority, "Of the whole trace, or None.", nullptr},
    {"dd_origin", get_origin, put_origin, nullptr, nullptr},
    {"_meta", get_meta, nullptr, nullptr, nullptr},
    {"_metrics", get_metrics, nullptr, nullptr, nullptr},
    {"_baggage", get_baggage, nullptr, nullptr, nullptr},
    {"_span_links", get_links, nullptr, nullptr, nullptr},
    {"_is_remote", get_remote, nullptr, nullptr, nullptr},
    {"_reactivate", get_reactivate, set_reactivate, nullptr, nullptr},
    {}};

PyMethodDef kMethods[] = {
    {"copy", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(copy)),
     METH_VARARGS | METH_KEYWORDS, nullptr},
    {"set_baggage_item", set_baggage_item, METH_VARARGS, nullptr},
    {"get_baggage_item", get_baggage_item, METH_O, nullptr},
    {"get_all_baggage_items", get_all_baggage, METH_NOARGS, nullptr},
    {"remove_baggage_item", remove_baggage_item, METH_O, nullptr},
    {"remove_all_baggage_items", remove_all_baggage, METH_NOARGS, nullptr},
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", leave, METH_VARARGS, nullptr},
    {"__getstate__", get_state, METH_NOARGS, nullptr},
    {"__setstate__", set_state, METH_O, nullptr},
    {"__reduce__", reduce, METH_NOARGS, nullptr},
    {}};

PyMemberDef kMembers[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ContextObject, weakrefs), READONLY, nullptr}, {}};

}  // namespace

PyTypeObject* context_type() {
  if (type_object != nullptr) [[likely]]
    return type_object;
  static PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(make)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                                {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                                {Py_tp_clear, reinterpret_cast<void*>(clear)},
                                {Py_tp_repr, reinterpret_cast<void*>(repr)},
                                {Py_tp_hash, reinterpret_cast<void*>(hash)},
                                {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
                                {Py_tp_getset, kFields},
                                {Py_tp_members, kMembers},
                                {Py_tp_methods, kMethods},
                                {Py_tp_doc, const_cast<char*>("A position in a trace.")},
                                {0, nullptr}};
  static PyType_Spec spec = {"ddtrace._trace.context.Context", sizeof(ContextObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  type_object = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return type_object;
}

Ref make_context(Shared<Segment> segment, trace::TraceId trace_id, std::uint64_t span_id,
                 bool remote) {
  if (context_type() == nullptr) return Ref();
  ContextObject* const self = allocate(type_object);
  if (self == nullptr) return Ref();
  self->segment = std::move(segment);
  self->trace_id = trace_id;
  self->span_id = span_id;
  self->remote = remote;
  return Ref::steal(reinterpret_cast<PyObject*>(self));
}

Ref id_object(trace::TraceId id) {
  if (id.high == 0) return Ref::steal(PyLong_FromUnsignedLongLong(id.low));
  const Ref high = py::unsigned_integer(id.high), low = py::unsigned_integer(id.low),
            bits = py::integer(64);
  const Ref shifted = Ref::steal(PyNumber_Lshift(high.ptr(), bits.ptr()));
  return Ref::steal(PyNumber_Or(shifted.ptr(), low.ptr()));
}

bool read_trace_id(Handle value, trace::TraceId& out) {
  if (!value.is_int()) return false;
  const Ref bits = py::integer(64);
  const Ref upper = Ref::steal(PyNumber_Rshift(value.ptr(), bits.ptr()));
  const auto high = as_uint64(upper);
  if (!high) {
    PyErr_Clear();
    return false;
  }
  out = {.high = *high, .low = PyLong_AsUnsignedLongLongMask(value.ptr())};
  return static_cast<bool>(out);
}

}  // namespace dd::tracing
