#include "core/tracing/span_object.h"

#include <structmember.h>

#include <cmath>
#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/ids.h"
#include "core/trace/end.h"
#include "core/trace/tracer.h"
#include "core/tracing/activation.h"
#include "core/tracing/context_object.h"
#include "core/tracing/span_steps.h"
#include "core/tracing/text.h"
#include "core/tracing/unfinished.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;
using trace::Chunk;
using trace::Segment;
using trace::Shared;

// Dead objects of the exact type, linked through their `root`. Only touched with the GIL held.
constexpr int kMaxFree = 128;
constinit SpanObject* free_list = nullptr;
constinit int free_count = 0;

SpanObject* self_of(PyObject* object) { return reinterpret_cast<SpanObject*>(object); }
PyObject* none() { return Handle(Py_None).share().release(); }

void construct(SpanObject* self) {
  self->span = nullptr;
  new (&self->parent) Ref();
  new (&self->context) Ref();
  self->root = self;
  self->extras = nullptr;
  self->weakrefs = nullptr;
}

SpanObject* allocate(PyTypeObject* type) {
  if (type == known_span_type && free_list != nullptr) {
    SpanObject* const self = std::exchange(free_list, free_list->root);
    --free_count;
    PyObject_Init(reinterpret_cast<PyObject*>(self), type);
    construct(self);
    PyObject_GC_Track(self);
    return self;
  }
  auto* self = reinterpret_cast<SpanObject*>(type->tp_alloc(type, 0));
  if (self != nullptr) construct(self);
  return self;
}

int clear(PyObject* object) {
  SpanObject* const self = self_of(object);
  // `parent` stays: the native span points to its parents for as long as this lives.
  self->context = Ref();
  SpanExtras* const gone = std::exchange(self->extras, nullptr);
  // So do the spans that those below point to.
  if (gone != nullptr && gone->first) extras(self).first = std::move(gone->first);
  delete gone;
  return 0;
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  SpanObject* const self = self_of(object);
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(self->parent.ptr());
  Py_VISIT(self->context.ptr());
  if (self->extras != nullptr) {
    Py_VISIT(self->extras->callbacks.ptr());
    Py_VISIT(self->extras->structs.ptr());
    Py_VISIT(self->extras->ignored.ptr());
    Py_VISIT(self->extras->items.ptr());
    Py_VISIT(self->extras->api.ptr());
    Py_VISIT(self->extras->root.ptr());
    Py_VISIT(self->extras->parent_context.ptr());
  }
  return 0;
}

void dealloc(PyObject* object) {
  SpanObject* const self = self_of(object);
  PyTypeObject* const type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  if (self->weakrefs != nullptr) PyObject_ClearWeakRefs(object);
  clear(object);
  Shared<Chunk> chunk;
  if (self->span != nullptr) {
    chunk = Shared<Chunk>::adopt(self->span->chunk);
    self->span->object = nullptr;
    if (watches_unfinished()) [[unlikely]]
      note_let_go(self);
    if (!self->detached() && !self->span->finished()) trace::Tracer::get().abandon(self->span);
  }
  // A long chain of parents is taken apart here in a loop, not by recursion.
  Ref parent = std::move(self->parent);
  while (parent && Py_REFCNT(parent.ptr()) == 1 && Py_TYPE(parent.ptr()) == known_span_type) {
    Ref next = std::move(as_span(parent)->parent);
    std::swap(parent, next);
  }
  delete std::exchange(self->extras, nullptr);
  if (type == known_span_type && free_count < kMaxFree) {
    self->root = std::exchange(free_list, self);
    ++free_count;
  } else {
    type->tp_free(object);
  }
  const Ref drop_type = Ref::steal(reinterpret_cast<PyObject*>(type));
}

// What the trace of `context` has decided and carries holds for the span's own trace, too.
void continue_from(SpanObject* self, Handle context) {
  self->context = context.share();
  Segment& theirs = *as_context(context)->segment;
  Segment& ours = *self->span->segment;
  if (&theirs == &ours) return;
  const Shared<Segment> copy = [&] {
    const base::MutexLock lock(theirs.mutex);
    return theirs.copy();
  }();
  const base::MutexLock lock(ours.mutex);
  ours.priority = copy->priority;
  ours.origin = copy->origin;
  ours.meta() = copy->meta();
  ours.metrics = copy->metrics;
  ours.baggage = copy->baggage;
}

// A chunk of its own. The trace's facts are shared with the context when it is the same trace.
void detach_into(SpanObject* self, trace::TraceId trace_id, Handle context) {
  Shared<Segment> segment;
  if (is_context(context) && as_context(context)->trace_id == trace_id) {
    segment = as_context(context)->segment;
  } else if (is_context(context)) {
    segment = as_context(context)->segment->copy();
    segment->trace_id = trace_id;
  } else {
    segment = Segment::make(trace_id);
  }
  Chunk* const chunk = Chunk::make(std::move(segment)).detach();
  self->span = chunk->arena.make<trace::Span>();
  self->span->segment = chunk->segment();
  self->span->chunk = chunk;
  self->span->object = self;
  self->span->flags = trace::kDetached;
}

// A text of a span as Python writes and reads it. What must be there is empty when it is no text.
struct Field {
  trace::Text trace::Span::*text;
  void (trace::Span::*set)(std::string_view);
  bool needed;
};
constexpr Field kName{&trace::Span::name, &trace::Span::set_name, true};
constexpr Field kResource{&trace::Span::resource, &trace::Span::set_resource, true};
constexpr Field kService{&trace::Span::service, &trace::Span::set_service, false};
constexpr Field kType{&trace::Span::type, &trace::Span::set_type, false};

template <const Field& kField>
void put(trace::Span& span, const FieldText& text) {
  (span.*kField.set)(kField.needed && !text.is_text() ? "" : text.view);
  (span.*kField.text).form = text.form;
}

trace::TraceId new_trace_id() {
  const auto seconds = static_cast<std::uint64_t>(base::wall_ns() / 1'000'000'000);
  return {.high = seconds << 32, .low = base::random_id()};
}

constexpr const char* kMakeNames[] = {"name",     "service",   "resource", "span_type", "trace_id",
                                      "span_id",  "parent_id", "start",    "context",   "on_finish",
                                      "span_api", "links",     nullptr};
constexpr const char* kMakeFormat = "O|OOOOOOOOOOO:Span";

// All is made by then: a subclass may pass on other arguments than it was called with.
int initialize(PyObject* object, PyObject* args, PyObject* kwargs) {
  PyObject* given[12] = {};
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, kMakeFormat, const_cast<char**>(kMakeNames),
                                   &given[0], &given[1], &given[2], &given[3], &given[4], &given[5],
                                   &given[6], &given[7], &given[8], &given[9], &given[10],
                                   &given[11]))
    return -1;
  SpanObject* const self = self_of(object);
  if (PyObject* const on_finish = given[9];
      on_finish && PyList_Check(on_finish) && self->detached())
    extras(self).callbacks = Handle(on_finish).share();
  return 0;
}

PyObject* make(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  PyObject *name, *service = Py_None, *resource = Py_None, *span_type = Py_None,
                  *trace_id = Py_None, *span_id = Py_None, *parent_id = Py_None, *start = Py_None,
                  *context = Py_None, *on_finish = Py_None, *span_api = nullptr, *links = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, kMakeFormat, const_cast<char**>(kMakeNames), &name,
                                   &service, &resource, &span_type, &trace_id, &span_id, &parent_id,
                                   &start, &context, &on_finish, &span_api, &links))
    return nullptr;
  SpanObject* const self = allocate(type);
  if (self == nullptr) return nullptr;
  Ref owner = Ref::steal(reinterpret_cast<PyObject*>(self));
  const Ref default_api = py::str("datadog");
  if (span_api == nullptr) span_api = default_api.ptr();
  trace::TraceId id;
  if (!read_trace_id(trace_id, id)) id = new_trace_id();
  detach_into(self, id, context);
  trace::Span& span = *self->span;
  const FieldText name_text(name), service_text(service), resource_text(resource),
      type_text(span_type);
  put<kName>(span, name_text);
  put<kResource>(span, resource == Py_None ? name_text : resource_text);
  if (service_text.is_text()) put<kService>(span, service_text);
  if (type_text.is_text()) put<kType>(span, type_text);
  const auto own_id = as_uint64(span_id);
  span.id = own_id ? *own_id : base::random_id();
  span.parent_id = as_uint64(parent_id).value_or(0);
  span.start_ns = base::wall_ns();
  if (const auto given = nanoseconds(start, 1e9)) span.start_ns = *given;
  if (is_context(context)) {
    extras(self).parent_context = Handle(context).share();
    if (as_context(context)->segment.get() != span.segment)  // its facts are those of the context
      self->context = make_context(as_context(context)->segment, id, span.id, false);
  }
  if (PyList_Check(on_finish)) extras(self).callbacks = Handle(on_finish).share();
  if (!PyUnicode_Check(span_api) || PyUnicode_CompareWithASCIIString(span_api, "datadog") != 0)
    extras(self).api = Handle(span_api).share();
  if (links != Py_None && !add_links(self, links)) return nullptr;
  return owner.release();
}

// --- fields ---------------------------------------------------------------------------------

using Setter = int (*)(PyObject*, PyObject*, void*);
template <Setter kSet>
int kept(PyObject* self, PyObject* value, void* closure) {
  if (value != nullptr) return kSet(self, value, closure);
  PyErr_SetString(PyExc_AttributeError, "property has no deleter");
  return -1;
}

PyObject* given(const trace::Text& text) {
  if (!text.present() || text.form == trace::Form::kNone) return none();
  return (text.form == trace::Form::kBytes ? py::bytes(text.view()) : make_text(text.view()))
      .release();
}

template <const Field& kField>
PyObject* get_text(PyObject* self, void*) {
  return given(self_of(self)->span->*kField.text);
}
template <const Field& kField>
int set_text(PyObject* self, PyObject* value, void*) {
  put<kField>(writable(self_of(self)), FieldText(value));
  return 0;
}

PyObject* get_trace_id(PyObject* self, void*) {
  return id_object(trace_id_of(self_of(self))).release();
}
int set_trace_id(PyObject* self, PyObject* value, void*) {
  trace::TraceId id;
  if (!read_trace_id(value, id)) return 0;
  Segment& segment = *writable(self_of(self)).segment;
  const base::MutexLock lock(segment.mutex);
  segment.trace_id = id;
  segment.high_digits[0] = '\0';
  return 0;
}
PyObject* get_low_trace_id(PyObject* self, void*) {
  return PyLong_FromUnsignedLongLong(trace_id_of(self_of(self)).low);
}
PyObject* get_span_id(PyObject* self, void*) {
  return PyLong_FromUnsignedLongLong(self_of(self)->span->id);
}
PyObject* get_parent_id(PyObject* self, void*) {
  const std::uint64_t id = self_of(self)->span->parent_id;
  return id == 0 ? none() : PyLong_FromUnsignedLongLong(id);
}
int set_span_id(PyObject* self, PyObject* value, void*) {
  if (const auto id = as_uint64(value)) writable(self_of(self)).id = *id;
  return 0;
}
int set_parent_id(PyObject* self, PyObject* value, void*) {
  if (value == nullptr || value == Py_None)
    writable(self_of(self)).parent_id = 0;
  else if (const auto id = as_uint64(value))
    writable(self_of(self)).parent_id = *id;
  return 0;
}

PyObject* get_start_ns(PyObject* self, void*) {
  return PyLong_FromLongLong(self_of(self)->span->start_ns);
}
PyObject* get_start(PyObject* self, void*) {
  return PyFloat_FromDouble(static_cast<double>(self_of(self)->span->start_ns) / 1e9);
}
int set_start_ns(PyObject* self, PyObject* value, void* seconds) {
  writable(self_of(self)).start_ns = nanoseconds(value, seconds ? 1e9 : 1).value_or(0);
  return 0;
}
PyObject* get_duration_ns(PyObject* self, void*) {
  const trace::Span& span = *self_of(self)->span;
  return span.finished() ? PyLong_FromLongLong(span.duration_ns) : none();
}
PyObject* get_duration(PyObject* self, void*) {
  const trace::Span& span = *self_of(self)->span;
  return span.finished() ? PyFloat_FromDouble(static_cast<double>(span.duration_ns) / 1e9) : none();
}
int set_duration(PyObject* self, PyObject* value, void* seconds) {
  trace::Span& span = writable(self_of(self));
  if (const auto length = nanoseconds(value, seconds ? 1e9 : 1)) {
    span.duration_ns = *length;
    span.flags = static_cast<std::uint16_t>(span.flags | trace::kFinished);
  } else {
    span.flags = static_cast<std::uint16_t>(span.flags & ~trace::kFinished);
  }
  return 0;
}
PyObject* get_error(PyObject* self, void*) { return PyLong_FromLong(self_of(self)->span->error); }
int set_error(PyObject* self, PyObject* value, void*) {
  const auto number = as_int64(value);
  writable(self_of(self)).error = number && *number >= INT32_MIN && *number <= INT32_MAX
                                      ? static_cast<std::int32_t>(*number)
                                      : 0;
  return 0;
}
PyObject* get_finished(PyObject* self, void*) {
  return PyBool_FromLong(self_of(self)->span->finished());
}
PyObject* get_parent(PyObject* self, void*) {
  const Handle parent = self_of(self)->parent;
  return parent ? parent.share().release() : none();
}
int set_parent(PyObject* self, PyObject* value, void*) {
  SpanObject* const span = self_of(self);
  if (value != Py_None && !is_span(value)) return 0;
  trace::Span& native = writable(span);
  span->root = value == Py_None ? span : as_span(value)->root;
  native.parent = value == Py_None ? nullptr : as_span(value)->span;
  span->parent = value == Py_None ? Ref() : Handle(value).share();
  return 0;
}
int set_root(PyObject* self, PyObject* value, void*) {
  if (is_span(value)) extras(self_of(self)).root = Handle(value).share();
  return 0;
}
PyObject* get_root(PyObject* self, void*) {
  if (const SpanExtras* all = self_of(self)->extras; all != nullptr && all->root)
    return all->root.share().release();
  return Handle(reinterpret_cast<PyObject*>(self_of(self)->root)).share().release();
}
PyObject* get_top_level(PyObject* self, void*) {
  const SpanObject* span = self_of(self);
  const trace::Text mine = span->span->service;
  return PyBool_FromLong(
      !span->parent ||
      (mine.present() && mine.view() != as_span(span->parent)->span->service.view()));
}
// The nearest span up the chain that enters another service.
PyObject* get_entry(PyObject* self, void*) {
  SpanObject* at = self_of(self);
  while (at->parent && at->span->service.view() == as_span(at->parent)->span->service.view())
    at = as_span(at->parent);
  return Py_NewRef(reinterpret_cast<PyObject*>(at));
}
PyObject* get_context(PyObject* self, void*) {
  const Handle context = context_of(self_of(self));
  return context ? context.share().release() : nullptr;
}
int set_context(PyObject* self, PyObject* value, void*) {
  if (is_context(value)) continue_from(self_of(self), value);
  return 0;
}
PyObject* get_parent_context(PyObject* self, void*) {
  Handle context = self_of(self)->parent_context();
  if (!context && self_of(self)->parent) context = context_of(as_span(self_of(self)->parent));
  return context ? context.share().release() : none();
}
int set_parent_context(PyObject* self, PyObject* value, void*) {
  extras(self_of(self)).parent_context = is_context(value) ? Handle(value).share() : Ref();
  return 0;
}
PyObject* get_callbacks(PyObject* self, void*) { return callbacks_of(self_of(self)).release(); }
int set_callbacks(PyObject* self, PyObject* value, void*) {
  if (PyList_Check(value)) extras(self_of(self)).callbacks = Handle(value).share();
  return 0;
}
PyObject* get_api(PyObject* self, void*) {
  const SpanExtras* const all = self_of(self)->extras;
  return all != nullptr && all->api ? all->api.share().release() : py::str("datadog").release();
}
int set_api(PyObject* self, PyObject* value, void*) {
  extras(self_of(self)).api = Handle(value).share();
  return 0;
}
template <Ref SpanExtras::*kField>
PyObject* get_extra(PyObject* self, void*) {
  const SpanExtras* const all = self_of(self)->extras;
  return all != nullptr && all->*kField ? (all->*kField).share().release() : none();
}

PyGetSetDef kFields[] = {
    {"name", get_text<kName>, kept<set_text<kName>>, "What is done.", nullptr},
    {"service", get_text<kService>, kept<set_text<kService>>, "Who does it, or None.", nullptr},
    {"resource", get_text<kResource>, kept<set_text<kResource>>, "What it is done to.", nullptr},
    {"span_type", get_text<kType>, kept<set_text<kType>>, "The kind of work, or None.", nullptr},
    {"trace_id", get_trace_id, kept<set_trace_id>, nullptr, nullptr},
    {"_trace_id_64bits", get_low_trace_id, nullptr, nullptr, nullptr},
    {"span_id", get_span_id, kept<set_span_id>, nullptr, nullptr},
    {"parent_id", get_parent_id, kept<set_parent_id>, "Of the parent, or None.", nullptr},
    {"start_ns", get_start_ns, kept<set_start_ns>, nullptr, nullptr},
    {"start", get_start, kept<set_start_ns>, "In seconds since 1970.", const_cast<char*>("s")},
    {"duration_ns", get_duration_ns, kept<set_duration>, nullptr, nullptr},
    {"duration", get_duration, kept<set_duration>, "In seconds, or None.", const_cast<char*>("s")},
    {"error", get_error, kept<set_error>, "1 when the work failed.", nullptr},
    {"finished", get_finished, nullptr, nullptr, nullptr},
    {"context", get_context, kept<set_context>, "The trace as others continue it.", nullptr},
    {"_context", get_context, kept<set_context>, nullptr, nullptr},
    {"_parent", get_parent, kept<set_parent>, nullptr, nullptr},
    {"_parent_context", get_parent_context, kept<set_parent_context>, nullptr, nullptr},
    {"_local_root", get_root, kept<set_root>, nullptr, nullptr},
    {"_service_entry_span", get_entry, nullptr, nullptr, nullptr},
    {"_is_top_level", get_top_level, nullptr, nullptr, nullptr},
    {"_on_finish_callbacks", get_callbacks, kept<set_callbacks>, nullptr, nullptr},
    {"_span_api", get_api, kept<set_api>, nullptr, nullptr},
    {"_store", get_extra<&SpanExtras::items>, nullptr, nullptr, nullptr},
    {"_ignored_exceptions", get_extra<&SpanExtras::ignored>, nullptr, nullptr, nullptr},
    {}};

PyMemberDef kMembers[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(SpanObject, weakrefs), READONLY, nullptr}, {}};

PyObject* repr(PyObject* object) {
  SpanObject* const self = self_of(object);
  const trace::Span& span = *self->span;
  const auto show = [object](getter get) { return Ref::steal(get(object, nullptr)); };
  const Ref name = show(get_text<kName>), service = show(get_text<kService>),
            resource = show(get_text<kResource>), type = show(get_text<kType>),
            parent = show(get_parent_id), trace_id = show(get_trace_id),
            duration = show(get_duration), context = show(get_context),
            tags = tags_of(self, true, false), metrics = tags_of(self, false, true),
            links = links_of(self), events = events_of(self), entry = show(get_entry),
            end = span.finished() ? py::integer(trace::end_of(span)) : py::none();
  const Ref structs =
      self->extras && self->extras->structs ? self->extras->structs.share() : py::dict();
  if (!context) return nullptr;
  const Ref entry_name = Ref::steal(get_text<kName>(entry.ptr(), nullptr));
  return PyUnicode_FromFormat(
      "Span(name='%S', span_id=%llu, parent_id=%S, trace_id=%S, service='%S', resource='%S', "
      "type='%S', start=%lld, end=%S, duration=%S, error=%d, tags=%S, metrics=%S, links=%S, "
      "events=%S, context=%S, service_entry_span_name=%S), metastruct=%S",
      name.ptr(), static_cast<unsigned long long>(span.id), parent.ptr(), trace_id.ptr(),
      service.ptr(), resource.ptr(), type.ptr(), static_cast<long long>(span.start_ns), end.ptr(),
      duration.ptr(), static_cast<int>(span.error), tags.ptr(), metrics.ptr(), links.ptr(),
      events.ptr(), context.ptr(), entry_name.ptr(), structs.ptr());
}

PyObject* text_form(PyObject* object) {
  SpanObject* const self = self_of(object);
  const Ref parent = Ref::steal(get_parent_id(object, nullptr)),
            trace_id = id_object(trace_id_of(self)),
            name = Ref::steal(get_text<kName>(object, nullptr));
  return PyUnicode_FromFormat("<Span(id=%llu,trace_id=%S,parent_id=%S,name=%S)>",
                              static_cast<unsigned long long>(self->span->id), trace_id.ptr(),
                              parent.ptr(), name.ptr());
}

constexpr char kSpanDoc[] =
    "Span(name, service=None, resource=None, span_type=None, trace_id=None, span_id=None, "
    "parent_id=None, start=None, context=None, on_finish=None, span_api='datadog', "
    "links=None)\n--\n\nOne timed operation.";

// The methods of all files as one table.
PyMethodDef* all_methods() {
  constexpr int kMost = 96;
  static PyMethodDef table[kMost];
  int count = 0;
  for (const PyMethodDef* group :
       {kSpanLifeMethods, kSpanTagMethods, kSpanErrorMethods, kSpanLinkMethods})
    for (; group->ml_name != nullptr; ++group) {
      DD_CHECK(count < kMost - 1);
      table[count++] = *group;
    }
  return table;
}

}  // namespace

constinit PyTypeObject* known_span_type = nullptr;

PyTypeObject* make_span_type() {
  static PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(make)},
                                {Py_tp_init, reinterpret_cast<void*>(initialize)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                                {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                                {Py_tp_clear, reinterpret_cast<void*>(clear)},
                                {Py_tp_repr, reinterpret_cast<void*>(repr)},
                                {Py_tp_str, reinterpret_cast<void*>(text_form)},
                                {Py_tp_getset, kFields},
                                {Py_tp_members, kMembers},
                                {Py_tp_methods, all_methods()},
                                {Py_tp_doc, const_cast<char*>(kSpanDoc)},
                                {0, nullptr}};
  static PyType_Spec spec = {"ddtrace._trace.span.Span", sizeof(SpanObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  known_span_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (known_span_type != nullptr)
    known_span_type->tp_name = "Span";  // messages say it, as of a Python class
  if (known_span_type != nullptr && !add_span_steps(known_span_type, enter_span, exit_span))
    return nullptr;
  return known_span_type;
}

Ref wrap_span(trace::Span* span, Handle parent, Handle parent_context) {
  if (span_type() == nullptr) return Ref();
  SpanObject* const self = allocate(known_span_type);
  if (self == nullptr) return Ref();
  self->span = span;
  span->object = self;
  if (parent) {
    self->parent = parent.share();
    self->root = as_span(parent)->root;
  }
  if (parent_context) extras(self).parent_context = parent_context.share();
  return Ref::steal(reinterpret_cast<PyObject*>(self));
}

trace::Span& writable(SpanObject* self) {
  if (self->span->sealed()) [[unlikely]] {
    self->span->object = nullptr;
    Shared<Chunk> before = Shared<Chunk>::adopt(self->span->chunk);
    self->span = trace::Tracer::get().thaw(*self->span);
    self->span->object = self;
    // Spans below still point into the first.
    if (!extras(self).first) extras(self).first = std::move(before);
  }
  return *self->span;
}

SpanExtras& extras(SpanObject* self) {
  if (self->extras == nullptr) self->extras = new SpanExtras;
  return *self->extras;
}

Handle context_of(SpanObject* self) {
  if (!self->context) {
    const trace::Span& span = *self->span;
    self->context =
        make_context(Shared<Segment>::share(span.segment), trace_id_of(self), span.id, false);
  }
  return self->context;
}

Ref assigned_context(SpanObject* self) {
  if (!self->context) return Ref();
  const trace::Span& span = *self->span;
  if (as_context(self->context)->segment.get() == span.segment) return Ref();
  return self->context.share();
}

trace::TraceId trace_id_of(SpanObject* self) { return self->span->segment->trace_id; }

// A number of the application, or what converts to one; texts do not.
std::optional<std::int64_t> nanoseconds(Handle value, double scale) {
  if (!value) return std::nullopt;
  const PyNumberMethods* const number_of = Py_TYPE(value.ptr())->tp_as_number;
  if (number_of == nullptr || (!number_of->nb_float && !number_of->nb_index)) return std::nullopt;
  if (PyLong_Check(value.ptr()) && scale == 1) {
    int overflow = 0;
    const long long whole = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    return overflow == 0 ? whole : (overflow > 0 ? INT64_MAX : INT64_MIN);
  }
  const double number = PyFloat_AsDouble(value.ptr()) * scale;
  if (PyErr_Occurred()) {
    PyErr_Clear();
    return std::nullopt;
  }
  if (std::isnan(number)) return 0;
  if (number >= 9.2e18) return INT64_MAX;
  if (number <= -9.2e18) return INT64_MIN;
  return static_cast<std::int64_t>(number);
}

}  // namespace dd::tracing
