// `ddtrace.trace.Context`: identity of a position in a trace, and the trace's shared facts.
//
// Sampling priority, origin, propagated tags and baggage live in the Segment, which every context
// and span of a local trace shares by reference; the ids belong to this object.
// All functions need the GIL. Source: SPAN.md section 6.

#pragma once

#include <cstdint>
#include <optional>

#include "core/py/ref.h"
#include "core/trace/segment.h"

namespace dd::tracing {

struct ContextObject {
  PyObject_HEAD
  trace::Shared<trace::Segment> segment;
  trace::TraceId trace_id;  // zero: none
  std::uint64_t span_id;    // zero: none
  py::Ref reactivate;       // true object: activate again below finished spans
  py::Ref links;            // list, or empty
  py::Ref maps[3];          // those that Python has asked for or that remember values
  PyObject* weakrefs;
  bool remote;
  bool zero_trace, zero_span;  // an id that is zero was given so, and reads as 0
};

PyTypeObject* context_type();
inline bool is_context(py::Handle object) {
  return object && PyObject_TypeCheck(object.ptr(), context_type());
}
inline ContextObject* as_context(py::Handle object) {
  return reinterpret_cast<ContextObject*>(object.ptr());
}
std::optional<int> priority_of(trace::Segment& segment);
// The segment to start spans in and to inject from: one of its own once the context was given
// another trace id than the trace it shares facts with.
trace::Segment& segment_of(ContextObject* self);
py::Ref make_context(trace::Shared<trace::Segment> segment, trace::TraceId trace_id,
                     std::uint64_t span_id, bool remote);

// 128-bit ids as Python ints.
py::Ref id_object(trace::TraceId id);
// False for what is no int of 128 bits; zero is one.
bool read_trace_id(py::Handle value, trace::TraceId& out);

}  // namespace dd::tracing
