// `ddtrace.trace.Span`: the Python object of one native span.
//
// It keeps the chunk its span lives in, and the object of its parent, so native pointers from a
// span to its parents stay good while any object below them lives. Objects are recycled through a
// free list. A write to a sealed span goes to a copy (Tracer::thaw); the first chunk is kept as
// well, since spans below still point into it.
//
// Setters are total. `str(value)` of a tag may run the application's code, which may open and close
// spans: nothing is locked and no native pointer is kept over it.
// All functions need the GIL. Source: SPAN.md sections 2 to 5.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/py/ref.h"
#include "core/trace/segment.h"
#include "core/trace/span.h"

namespace dd::tracing {

struct SpanExtras {                   // what few spans have
  py::Ref callbacks;                  // list of callables, run when the span finishes
  py::Ref structs;                    // dict of meta_struct
  py::Ref ignored;                    // list of exception types that are no errors
  py::Ref items;                      // dict of values that travel with the span
  py::Ref api;                        // str: who made it, when it is not "datadog"
  py::Ref root;                       // a Span that was set as the local root
  py::Ref parent_context;             // the Context this span continues
  trace::Shared<trace::Chunk> first;  // of the span it was made with, once a copy took later writes
};

struct SpanObject {
  PyObject_HEAD
  trace::Span* span;  // one reference on its chunk belongs to this
  py::Ref parent;     // a SpanObject, or empty
  py::Ref context;    // made when somebody asks
  SpanObject* root;   // the local root: itself, or kept by the chain of parents
  SpanExtras* extras;
  PyObject* weakrefs;

  bool detached() const { return span->has(trace::kDetached); }
  bool held() const { return span->has(trace::kKeepsObject); }  // processors.h
  void set_held(bool is) const {
    span->flags = static_cast<std::uint16_t>(is ? span->flags | trace::kKeepsObject
                                                : span->flags & ~trace::kKeepsObject);
  }
  py::Handle parent_context() const {
    return extras == nullptr ? py::Handle() : py::Handle(extras->parent_context);
  }
};
static_assert(sizeof(SpanObject) <=
              64);  // and 16 of the collector's: a size CPython has a pool for

extern constinit PyTypeObject* known_span_type;
PyTypeObject* make_span_type();
inline PyTypeObject* span_type() {  // made on first use; null only when out of memory
  return known_span_type != nullptr ? known_span_type : make_span_type();
}
inline bool is_span(py::Handle object) {
  return object && PyObject_TypeCheck(object.ptr(), span_type());
}
inline SpanObject* as_span(py::Handle object) {
  return reinterpret_cast<SpanObject*>(object.ptr());
}

// The object of a span just started; takes over the reference on its chunk.
py::Ref wrap_span(trace::Span* span, py::Handle parent, py::Handle parent_context);
// The span to write to.
trace::Span& writable(SpanObject* self);
SpanExtras& extras(SpanObject* self);
// A new Context that shares the trace of this span; made once.
py::Handle context_of(SpanObject* self);

// Ends the span and activates what was active before. False with an error set when a callback of
// the application raised.
bool finish_span(SpanObject* self, std::int64_t end_ns);

// The context that the application gave the span in place of its own, or empty.
py::Ref assigned_context(SpanObject* self);

trace::TraceId trace_id_of(SpanObject* self);
// The list of what runs when the span finishes; the tracer's own step is one of it.
py::Ref callbacks_of(SpanObject* self);
// A number of the application, times `scale`; empty when it is none. Clamped.
std::optional<std::int64_t> nanoseconds(py::Handle value, double scale);

// Bodies of `__enter__` and `__exit__` (span_steps.h).
PyObject* enter_span(PyObject* span, PyObject* const* args, Py_ssize_t count);
PyObject* exit_span(PyObject* span, PyObject* const* args, Py_ssize_t count);

// set_tag and _set_attribute. False with an error set only for what is not an Exception.
bool set_tag(SpanObject* self, py::Handle key, py::Handle value);
bool set_attribute(SpanObject* self, py::Handle key, py::Handle value);
bool set_metric(SpanObject* self, py::Handle key, py::Handle value);
py::Ref tags_of(SpanObject* self, bool texts, bool numbers);
// error=1 and the error tags; `limit` frames of the traceback, or those of the setting.
bool record_error(SpanObject* self, py::Handle type, py::Handle value, py::Handle traceback,
                  std::optional<int> limit = std::nullopt);
// Decides the whole trace for the user.
void decide(SpanObject* self, bool keep);

// SpanLink and SpanEvent objects of what the span has.
py::Ref links_of(SpanObject* self);
py::Ref events_of(SpanObject* self);
// Adds SpanLink objects of an iterable; false with an error set when it is none.
bool add_links(SpanObject* self, py::Handle links);
// Writes the dicts of meta_struct into the native span, if it has any.
void pack_structs(SpanObject* self);

// Joined with the type's own in span_object.cc; each ends with an empty row.
extern PyMethodDef kSpanTagMethods[];    // span_tags.cc
extern PyMethodDef kSpanErrorMethods[];  // span_errors.cc
extern PyMethodDef kSpanLinkMethods[];   // span_links.cc
extern PyMethodDef kSpanLifeMethods[];   // span_life.cc

}  // namespace dd::tracing
