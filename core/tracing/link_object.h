// `SpanLink` and `SpanEvent`: what a span shows of its links and events. They are values: made for
// who asks, and not part of the span.
// All functions need the GIL. Source: SPAN.md section 5.

#pragma once

#include "core/py/ref.h"

namespace dd::tracing {

// Read-only objects with the fields of their type, in this order.
enum LinkField { kLinkTraceId, kLinkSpanId, kLinkTracestate, kLinkFlags, kLinkAttributes };
enum EventField { kEventName, kEventAttributes, kEventTime };

struct RecordObject {
  PyObject_HEAD
  py::Ref fields[5];
};

PyTypeObject* link_type();
PyTypeObject* event_type();
inline bool is_link(py::Handle object) {
  return object && PyObject_TypeCheck(object.ptr(), link_type());
}
inline py::Handle field(py::Handle record, int index) {
  return reinterpret_cast<RecordObject*>(record.ptr())->fields[index];
}

// Unchecked. Empty references stand for None, or for an empty dict of attributes.
py::Ref make_link(py::Ref trace_id, py::Ref span_id, py::Ref tracestate, py::Ref flags,
                  py::Ref attributes);
py::Ref make_event(py::Ref name, py::Ref attributes, py::Ref time_unix_ns);

// A mapping and no sequence: what a Mapping is to who asks without importing.
inline bool is_mapping(py::Handle value) {
  return PyMapping_Check(value.ptr()) && !PySequence_Check(value.ptr());
}
// {"key.0": ..} for lists, tuples and sets, at any depth; {"key": value} for the rest.
void flatten(py::Handle into, py::Handle key, py::Handle value);

}  // namespace dd::tracing
