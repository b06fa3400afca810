// The native half of `ddtrace.trace.Tracer`: everything that is called for every span. The Python
// class on top (pyshim/ddtrace/_trace/tracer.py) adds what is called rarely.

#pragma once

#include <Python.h>

namespace dd::tracing {

// A base class: trace, start_span, current_span, current_root_span, current_trace_context,
// set_tags, flush, enabled. Null with an error set when out of memory.
PyTypeObject* tracer_type();

// How to send what is waiting; called without the GIL. Set once by the host.
void set_flush(void (*flush)());

}  // namespace dd::tracing
