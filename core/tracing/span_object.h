// `ddtrace.trace.Span`: the Python object of one native span.
//
// It keeps the chunk its span lives in, and the object of its parent, so native pointers from a span
// to its parents stay good while any object below them lives. Objects are recycled through a free
// list. A write to a sealed span goes to a copy (Tracer::thaw); the first chunk is kept as well,
// since spans below still point into it.
//
// Setters are total. `str(value)` of a tag may run the application's code, which may open and close
// spans: nothing is locked and no native pointer is kept over it.
// All functions need the GIL. Source: SPAN.md sections 2 to 5.

#pragma once

#include <cstdint>
#include <string_view>

#include "core/py/ref.h"
#include "core/trace/segment.h"
#include "core/trace/span.h"

namespace dd::tracing {

struct SpanExtras {  // what few spans have
  py::Ref callbacks;   // list of callables, run when the span finishes
  py::Ref structs;     // dict of meta_struct
  py::Ref ignored;     // list of exception types that are no errors
  py::Ref items;       // dict of values that travel with the span
};

struct SpanObject {
  PyObject_HEAD
  trace::Span* span;
  trace::Shared<trace::Chunk> chunk;   // of the span it was made with
  trace::Shared<trace::Chunk> thawed;  // of the copy that took later writes
  py::Ref parent;          // a SpanObject, or empty
  py::Ref context;         // made when somebody asks
  py::Ref parent_context;  // the Context this span continues, or empty
  SpanObject* root;        // the local root: itself, or kept by the chain of parents
  SpanExtras* extras;
  PyObject* weakrefs;
  bool detached;  // made by its constructor, unknown to the tracer
};

PyTypeObject* span_type();  // made on first use; null only when out of memory
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

// set_tag and _set_attribute. False with an error set only for what is not an Exception.
bool set_tag(SpanObject* self, py::Handle key, py::Handle value);
bool set_attribute(SpanObject* self, py::Handle key, py::Handle value);
bool set_metric(SpanObject* self, py::Handle key, py::Handle value);
// error=1 and the error tags; `limit` frames of the traceback, 0 for the setting.
bool record_error(SpanObject* self, py::Handle type, py::Handle value, py::Handle traceback,
                  int limit = 0);
// Decides the whole trace for the user: 2 keeps, -1 drops.
void decide(trace::Segment& segment, int priority);

extern PyMethodDef kSpanTagMethods[];  // joined with the type's own in span_object.cc
py::Ref tags_of(SpanObject* self, bool texts, bool numbers);

}  // namespace dd::tracing
