#include "core/tracing/context_object.h"

#include <structmember.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "core/propagation/propagation.h"
#include "core/py/method.h"
#include "core/trace/tags.h"
#include "core/tracing/named.h"
#include "core/tracing/shared_map.h"
#include "core/tracing/text.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;
using trace::Segment;
using trace::Shared;

constinit PyTypeObject* type_object = nullptr;

constexpr std::string_view kUserId = "_dd.p.usr.id";
constexpr std::string_view kOriginName = trace::tags::kOrigin.text;

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
  for (Ref& map : self->maps) new (&map) Ref();
  self->weakrefs = nullptr;
  self->remote = true;
  self->zero_trace = self->zero_span = false;
  return self;
}

int clear(PyObject* object) {
  me(object)->reactivate = Ref();
  me(object)->links = Ref();
  for (Ref& map : me(object)->maps) map = Ref();
  return 0;
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(me(object)->reactivate.ptr());
  Py_VISIT(me(object)->links.ptr());
  for (const Ref& map : me(object)->maps) Py_VISIT(map.ptr());
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

void put_trace_id(ContextObject* self, Handle value) {
  if (!read_trace_id(value, self->trace_id)) self->trace_id = {};
  self->zero_trace = value.is_int() && !self->trace_id;
}
void put_span_id(ContextObject* self, Handle value) {
  self->span_id = as_uint64(value).value_or(0);
  self->zero_span = value.is_int() && self->span_id == 0;
}
void put_ids(ContextObject* self, Handle trace_id, Handle span_id) {
  put_trace_id(self, trace_id);
  put_span_id(self, span_id);
}

void keep(ContextObject* self, MapKind kind, Ref map) {
  if (map) self->maps[static_cast<int>(kind)] = std::move(map);
}
void fill(ContextObject* self, MapKind kind, Handle mapping) {
  keep(self, kind, fill_map(*self->segment, kind, mapping));
}

// An origin that is there and empty is an entry of the map.
void set_origin(Segment& segment, std::string_view origin) {
  const base::MutexLock lock(segment.mutex);
  segment.origin = origin;
  trace::remove_entry(segment.meta(), kOriginName);
  if (origin.empty() && origin.data() != nullptr) trace::set_entry(segment.meta(), kOriginName, "");
}

bool printable(std::string_view text) {
  for (const char c : text)
    if (c < 0x20 || c > 0x7e) return false;
  return true;
}

PyObject* make(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"trace_id",  "span_id", "dd_origin",  "sampling_priority",
                                       "meta",      "metrics", "span_links", "baggage",
                                       "is_remote", nullptr};
  PyObject *trace_id = Py_None, *span_id = Py_None, *origin = Py_None, *priority = Py_None,
           *meta = Py_None, *metrics = Py_None, *links = Py_None, *baggage = Py_None;
  int remote = 1;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OOOOOOOOp:Context", const_cast<char**>(kNames),
                                   &trace_id, &span_id, &origin, &priority, &meta, &metrics, &links,
                                   &baggage, &remote))
    return nullptr;
  for (const auto& [name, value] :
       {std::pair{"meta", meta}, std::pair{"metrics", metrics}, std::pair{"baggage", baggage}})
    if (value != Py_None && !PyDict_Check(value))
      return PyErr_Format(PyExc_TypeError,
                          "argument '%s': '%s' object is not an instance of 'dict'", name,
                          Py_TYPE(value)->tp_name);
  ContextObject* const self = allocate(type);
  if (self == nullptr) return nullptr;
  Ref owner = Ref::steal(reinterpret_cast<PyObject*>(self));
  put_ids(self, trace_id, span_id);
  self->remote = remote != 0;
  self->segment = Segment::make(self->trace_id);
  Segment& segment = *self->segment;
  fill(self, MapKind::kMeta, meta);
  fill(self, MapKind::kMetrics, metrics);
  fill(self, MapKind::kBaggage, baggage);
  if (const Utf8 text(origin); text.view.data() && printable(text.view))
    set_origin(segment, text.view);
  if (priority != Py_None) set_priority(segment, priority);
  if (PyList_Check(links)) self->links = Handle(links).share();
  return owner.release();
}

// --- fields -------------------------------------------------------------------------------------

bool has_trace_id(const ContextObject* self) { return self->trace_id || self->zero_trace; }
bool has_span_id(const ContextObject* self) { return self->span_id != 0 || self->zero_span; }

PyObject* get_trace_id(PyObject* self, void*) {
  return has_trace_id(me(self)) ? id_object(me(self)->trace_id).release() : nothing();
}
int set_trace_id(PyObject* self, PyObject* value, void*) {
  trace::TraceId id;
  if (value == Py_None || read_trace_id(value, id)) put_trace_id(me(self), value);
  return 0;
}
PyObject* get_low_trace_id(PyObject* self, void*) {
  return PyLong_FromUnsignedLongLong(me(self)->trace_id.low);
}
PyObject* get_span_id(PyObject* self, void*) {
  return has_span_id(me(self)) ? PyLong_FromUnsignedLongLong(me(self)->span_id) : nothing();
}
int set_span_id(PyObject* self, PyObject* value, void*) {
  if (value == Py_None || as_uint64(value)) put_span_id(me(self), value);
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
  bool known;
  {
    const base::MutexLock lock(me(self)->segment->mutex);
    origin = me(self)->segment->origin;
    known = !origin.empty() || trace::find_entry(me(self)->segment->meta(), kOriginName);
  }
  return known ? py::str(origin).release() : nothing();
}
int put_origin(PyObject* self, PyObject* value, void*) {
  set_origin(*me(self)->segment, Utf8(value).view);
  return 0;
}
PyObject* get_user(PyObject* self, void*) {
  std::string encoded;
  {
    const base::MutexLock lock(me(self)->segment->mutex);
    if (const std::string* known = trace::find_entry(me(self)->segment->meta(), kUserId))
      encoded = *known;
  }
  if (encoded.empty()) return nothing();
  const Ref module = Ref::steal(PyImport_ImportModule("binascii"));
  if (!module) return nullptr;
  const Ref plain = module.attr("a2b_base64").call(py::bytes(encoded));
  return plain ? py::str(plain.bytes()).release() : nothing();
}
int put_user(PyObject* self, PyObject* value, void*) {
  Segment& segment = *me(self)->segment;
  if (value == nullptr || value == Py_None) {
    const base::MutexLock lock(segment.mutex);
    trace::remove_entry(segment.meta(), kUserId);
    return 0;
  }
  if (!PyUnicode_Check(value)) {
    PyErr_Format(PyExc_TypeError, "a user id is a str, not '%s'", Py_TYPE(value)->tp_name);
    return -1;
  }
  const Ref module = Ref::steal(PyImport_ImportModule("binascii"));
  if (!module) return -1;
  const Ref encoded = module.attr("b2a_base64").call(py::bytes(Handle(value).display()));
  std::string text(encoded.bytes());
  if (text.ends_with('\n')) text.pop_back();
  const base::MutexLock lock(segment.mutex);
  trace::set_entry(segment.meta(), kUserId, text);
  return 0;
}
template <MapKind kKind>
PyObject* get_map(PyObject* self, void*) {
  Ref map = make_shared_map(me(self)->segment, kKind);
  keep(me(self), kKind, map.share());
  return map.release();
}
template <MapKind kKind>
int put_map(PyObject* self, PyObject* value, void*) {
  if (value == nullptr || !PyDict_Check(value)) {
    PyErr_Format(PyExc_TypeError, "argument 'value': '%s' object is not an instance of 'dict'",
                 value == nullptr ? "NoneType" : Py_TYPE(value)->tp_name);
    return -1;
  }
  keep(me(self), kKind, replace_map(*me(self)->segment, kKind, value));
  return 0;
}
PyObject* get_traceparent(PyObject* self, void*) {
  if (!has_trace_id(me(self)) || !has_span_id(me(self))) return py::str("").release();
  return py::str(propagation::traceparent(segment_of(me(self)), me(self)->span_id)).release();
}
PyObject* get_tracestate(PyObject* self, void*) {
  return py::str(propagation::tracestate(segment_of(me(self)), propagation::LastParent::kNone))
      .release();
}
bool is_kept(PyObject* self) {
  const auto priority = priority_of(*me(self)->segment);
  return priority && *priority > 0;
}
PyObject* get_flag_text(PyObject* self, void*) {
  return py::str(is_kept(self) ? "01" : "00").release();
}
PyObject* get_flags(PyObject* self, void*) { return PyLong_FromLong(is_kept(self)); }
PyObject* get_links(PyObject* self, void*) {
  Ref& links = me(self)->links;
  if (!links) links = py::list();
  return links.share().release();
}
int put_links(PyObject* self, PyObject* value, void*) {
  me(self)->links = value != nullptr && PyList_Check(value) ? Handle(value).share() : Ref();
  return 0;
}
PyObject* get_remote(PyObject* self, void*) { return PyBool_FromLong(me(self)->remote); }
int put_remote(PyObject* self, PyObject* value, void*) {
  const int remote = value == nullptr ? 0 : PyObject_IsTrue(value);
  if (remote < 0) return -1;
  me(self)->remote = remote != 0;
  return 0;
}
PyObject* get_reactivate(PyObject* self, void*) {
  const Handle wish = me(self)->reactivate;
  return wish ? wish.share().release() : PyBool_FromLong(0);
}
int set_reactivate(PyObject* self, PyObject* value, void*) {
  me(self)->reactivate = value == nullptr ? Ref() : Handle(value).share();
  return 0;
}

// --- methods ------------------------------------------------------------------------------------

PyObject* copy(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"trace_id", "span_id", nullptr};
  PyObject *trace_id, *span_id;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:copy", const_cast<char**>(kNames), &trace_id,
                                   &span_id))
    return nullptr;
  Ref made = make_context(me(self)->segment, {}, 0, false);
  if (made) put_ids(as_context(made), trace_id, span_id);
  return made.release();
}

bool check_key(PyObject* key) {
  if (PyUnicode_Check(key)) return true;
  PyErr_Format(PyExc_TypeError, "argument 'key': '%s' object is not an instance of 'str'",
               Py_TYPE(key)->tp_name);
  return false;
}

PyObject* set_baggage_item(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"key", "value", nullptr};
  PyObject *key, *value;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:set_baggage_item", const_cast<char**>(kNames),
                                   &key, &value) ||
      !check_key(key))
    return nullptr;
  keep(me(self), MapKind::kBaggage, put_in_map(*me(self)->segment, MapKind::kBaggage, key, value));
  return nothing();
}
// A context of the same position whose trace carries one item more.
PyObject* with_baggage_item(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"key", "value", nullptr};
  PyObject *key, *value;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:_with_baggage_item",
                                   const_cast<char**>(kNames), &key, &value) ||
      !check_key(key))
    return nullptr;
  Shared<Segment> copy;
  {
    const base::MutexLock lock(me(self)->segment->mutex);
    copy = me(self)->segment->copy();
  }
  Ref made = make_context(std::move(copy), me(self)->trace_id, me(self)->span_id, me(self)->remote);
  if (!made) return nullptr;
  ContextObject* const other = as_context(made);
  for (const MapKind kind : {MapKind::kMeta, MapKind::kBaggage})
    if (remembering_map(*me(self)->segment, kind))
      fill(other, kind, snapshot(*me(self)->segment, kind));
  keep(other, MapKind::kBaggage, put_in_map(*other->segment, MapKind::kBaggage, key, value));
  return made.release();
}
PyObject* get_baggage_item(PyObject* self, PyObject* key) {
  if (!check_key(key)) return nullptr;
  if (remembering_map(*me(self)->segment, MapKind::kBaggage)) {
    const Ref all = snapshot(*me(self)->segment, MapKind::kBaggage);
    const Ref value = Ref::borrow(PyDict_GetItemWithError(all.ptr(), key));
    return value ? value.share().release() : nothing();
  }
  const std::string name = Handle(key).text();
  std::optional<std::string> found;
  {
    const base::MutexLock lock(me(self)->segment->mutex);
    if (const std::string* value = trace::find_entry(me(self)->segment->baggage, name))
      found = *value;
  }
  return found ? py::str(*found).release() : nothing();
}
PyObject* get_all_baggage(PyObject* self, PyObject*) {
  return get_map<MapKind::kBaggage>(self, nullptr);
}
PyObject* remove_baggage_item(PyObject* self, PyObject* key) {
  if (!check_key(key)) return nullptr;
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

// The members of `tracestate` in order; with a span id, as that span would send them.
PyObject* tracestate_entries(PyObject* self, PyObject* args) {
  PyObject* parent = Py_None;
  if (!PyArg_ParseTuple(args, "|O:_tracestate_entries", &parent)) return nullptr;
  const auto id = as_uint64(parent);
  const std::string text = propagation::tracestate(
      segment_of(me(self)), id ? propagation::LastParent::kSpan : propagation::LastParent::kNone,
      id.value_or(0));
  Ref list = py::list();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view member = std::string_view(text).substr(at, end - at);
    const std::size_t equals = member.find('=');
    if (equals != std::string_view::npos) {
      const Ref pair = Ref::steal(PyTuple_Pack(2, py::str(member.substr(0, equals)).ptr(),
                                               py::str(member.substr(equals + 1)).ptr()));
      if (!list.append(pair)) return nullptr;
    }
    at = end + 1;
  }
  return list.release();
}

// Its state, in the order of the pickled form. The last part is of the reference only.
PyObject* get_state(PyObject* self, PyObject*) {
  const Ref trace_id = Ref::steal(get_trace_id(self, nullptr)),
            span_id = Ref::steal(get_span_id(self, nullptr)),
            meta = snapshot(*me(self)->segment, MapKind::kMeta),
            metrics = snapshot(*me(self)->segment, MapKind::kMetrics),
            links = Ref::steal(get_links(self, nullptr)),
            baggage = snapshot(*me(self)->segment, MapKind::kBaggage),
            remote = py::boolean(me(self)->remote),
            reactivate = Ref::steal(get_reactivate(self, nullptr));
  return Py_BuildValue("(OOOOOOOOO)", trace_id.ptr(), span_id.ptr(), meta.ptr(), metrics.ptr(),
                       links.ptr(), baggage.ptr(), remote.ptr(), reactivate.ptr(), Py_None);
}

PyObject* set_state(PyObject* self, PyObject* state) {
  PyObject *trace_id, *span_id, *meta, *metrics, *links, *baggage, *reactivate, *unused;
  int remote;
  if (!PyTuple_Check(state) ||
      !PyArg_ParseTuple(state, "OOOOOOpO|O", &trace_id, &span_id, &meta, &metrics, &links, &baggage,
                        &remote, &reactivate, &unused))
    return nullptr;
  put_ids(me(self), trace_id, span_id);
  me(self)->remote = remote != 0;
  me(self)->segment = Segment::make(me(self)->trace_id);
  fill(me(self), MapKind::kMeta, meta);
  fill(me(self), MapKind::kMetrics, metrics);
  fill(me(self), MapKind::kBaggage, baggage);
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
  bool same = me(left)->trace_id == me(right)->trace_id &&
              has_trace_id(me(left)) == has_trace_id(me(right)) &&
              me(left)->remote == me(right)->remote;
  const auto equal = [](const Ref& one, const Ref& two) {
    return PyObject_RichCompareBool(one.ptr(), two.ptr(), Py_EQ);
  };
  if (same && me(left)->segment.get() != me(right)->segment.get())
    for (const MapKind kind : {MapKind::kMeta, MapKind::kMetrics, MapKind::kBaggage}) {
      const int alike =
          equal(snapshot(*me(left)->segment, kind), snapshot(*me(right)->segment, kind));
      if (alike < 0) return nullptr;
      same = same && alike;
    }
  if (same && (me(left)->links || me(right)->links)) {
    const int alike =
        equal(Ref::steal(get_links(left, nullptr)), Ref::steal(get_links(right, nullptr)));
    if (alike < 0) return nullptr;
    same = alike != 0;
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
    {"dd_user_id", get_user, put_user, nullptr, nullptr},
    {"_meta", get_map<MapKind::kMeta>, put_map<MapKind::kMeta>, nullptr, nullptr},
    {"_metrics", get_map<MapKind::kMetrics>, put_map<MapKind::kMetrics>, nullptr, nullptr},
    {"_baggage", get_map<MapKind::kBaggage>, put_map<MapKind::kBaggage>, nullptr, nullptr},
    {"_span_links", get_links, put_links, nullptr, nullptr},
    {"_is_remote", get_remote, put_remote, nullptr, nullptr},
    {"_traceparent", get_traceparent, nullptr, nullptr, nullptr},
    {"_tracestate", get_tracestate, nullptr, nullptr, nullptr},
    {"_traceflags", get_flag_text, nullptr, nullptr, nullptr},
    {"_trace_flags", get_flags, nullptr, nullptr, nullptr},
    {"_reactivate", get_reactivate, set_reactivate, nullptr, nullptr},
    {}};

// `cls` is a parameter of the reference's signature.
constexpr char kContextDoc[] =
    "Context(cls, /, trace_id=None, span_id=None, dd_origin=None, sampling_priority=None, "
    "meta=None, metrics=None, span_links=None, baggage=None, is_remote=True)\n--\n\n"
    "A position in a trace.";

PyMethodDef kMethods[] = {
    {"copy", py::method<copy>, METH_VARARGS | METH_KEYWORDS,
     "copy($self, /, trace_id, span_id)\n--\n\nThe same trace at another span."},
    {"set_baggage_item", py::method<set_baggage_item>, METH_VARARGS | METH_KEYWORDS,
     "set_baggage_item($self, /, key, value)\n--\n\nSets an item of baggage."},
    {"_with_baggage_item", py::method<with_baggage_item>, METH_VARARGS | METH_KEYWORDS, nullptr},
    {"get_baggage_item", named<"key", get_baggage_item>, kNamed,
     "get_baggage_item($self, /, key)\n--\n\nAn item of baggage, or None."},
    {"get_all_baggage_items", get_all_baggage, METH_NOARGS,
     "get_all_baggage_items($self, /)\n--\n\nAll items of baggage."},
    {"remove_baggage_item", named<"key", remove_baggage_item>, kNamed,
     "remove_baggage_item($self, /, key)\n--\n\nRemoves an item of baggage."},
    {"remove_all_baggage_items", remove_all_baggage, METH_NOARGS,
     "remove_all_baggage_items($self, /)\n--\n\nRemoves all baggage."},
    {"_tracestate_entries", tracestate_entries, METH_VARARGS, nullptr},
    {"__enter__", enter, METH_NOARGS, "__enter__($self, /)\n--\n\n"},
    {"__exit__", leave, METH_VARARGS, "__exit__($self, /, *_args)\n--\n\n"},
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
                                {Py_tp_doc, const_cast<char*>(kContextDoc)},
                                {0, nullptr}};
  static PyType_Spec spec = {"ddtrace._trace.context.Context", sizeof(ContextObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  type_object = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return type_object;
}

std::optional<int> priority_of(Segment& segment) {
  const base::MutexLock lock(segment.mutex);
  return segment.priority;
}

Segment& segment_of(ContextObject* self) {
  Segment& shared = *self->segment;
  if (shared.trace_id == self->trace_id) return shared;
  Shared<Segment> own;
  {
    const base::MutexLock lock(shared.mutex);
    own = shared.copy();
  }
  own->trace_id = self->trace_id;
  for (Ref& map : self->maps) map = Ref();
  self->segment = std::move(own);
  return *self->segment;
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
  for (const MapKind kind : {MapKind::kMeta, MapKind::kBaggage})
    keep(self, kind, remembering_map(*self->segment, kind));
  return Ref::steal(reinterpret_cast<PyObject*>(self));
}

Ref id_object(trace::TraceId id) {
  if (id.high == 0) return Ref::steal(PyLong_FromUnsignedLongLong(id.low));
  const Ref high = py::unsigned_integer(id.high), low = py::unsigned_integer(id.low),
            bits = py::integer(64);
  const Ref shifted = Ref::steal(PyNumber_Lshift(high.ptr(), bits.ptr()));
  return Ref::steal(PyNumber_Or(shifted.ptr(), low.ptr()));
}

bool read_trace_id(Handle given, trace::TraceId& out) {
  if (!given || !PyIndex_Check(given.ptr())) return false;
  const Ref value = Ref::steal(PyNumber_Index(given.ptr())), bits = py::integer(64);
  if (!value) {
    PyErr_Clear();
    return false;
  }
  const Ref upper = Ref::steal(PyNumber_Rshift(value.ptr(), bits.ptr()));
  const auto high = as_uint64(upper);
  if (!high) {
    PyErr_Clear();
    return false;
  }
  out = {.high = *high, .low = PyLong_AsUnsignedLongLongMask(value.ptr())};
  return true;
}

}  // namespace dd::tracing
