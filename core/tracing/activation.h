// What is active: the context variable `datadog_contextvar`, holding a Span, a Context or None.
//
// A finished span may stay in the variable: active() looks through it to its nearest unfinished
// parent. So ending a child costs no write; ending a span without a parent clears the variable.
// A provider of the application (a subclass of BaseContextProvider) takes the variable's place.
// All functions need the GIL. Source: SPAN.md section 7.

#pragma once

#include <cstdint>

#include "core/py/ref.h"
#include "core/trace/span.h"

namespace dd::tracing {

PyObject* context_variable();  // borrowed; made on first use
py::Ref active_object();       // a Span or Context object, or empty; may set an error of a provider
// The same for who makes a child active right away: the variable is not tidied up in between.
py::Ref parent_of_next();
void set_active(py::Handle span_or_context);
// The same of the variable, whatever provider is set: what the default provider does.
py::Ref variable_active();
void set_variable(py::Handle span_or_context);
// The span itself while it is open, else what is active once it has ended; empty for nothing.
py::Ref open_above(py::Handle span_object);
// After `span_object` ended.
void leave(py::Handle span_object);

// What is open in this thread, for a signal handler: reads memory only. False for nothing.
struct ActiveIds {
  trace::TraceId trace;
  std::uint64_t span = 0;
};
bool peek_active(ActiveIds& ids);

// Empty for the variable itself.
void set_provider(py::Handle provider);
py::Handle provider();

}  // namespace dd::tracing
