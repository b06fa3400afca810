// Python code that sees spans on their way: trace processors (`tracer.configure(trace_processors=
// [...])`), a writer of the application in place of ours, and listeners for starts and ends.
//
// They get the Span objects that the application has; while a processor or a writer is set, the
// object of a finished span is kept until its chunk has left. What they raise is reported once and
// changes nothing. All functions need the GIL; finishing spans holds it, so the hooks do too.

#pragma once

#include "core/py/ref.h"
#include "core/trace/segment.h"
#include "core/trace/span.h"

namespace dd::tracing {

// A list of objects with process_trace(list[Span]) -> list[Span] | None; empty for none.
void set_processors(py::Handle list);
// An object with sample(span) that decides about traces; empty for our own rules and rates.
void set_sampler(py::Handle sampler);
// Decides about the trace of `root`, a local root, with whoever does.
void decide_trace(trace::Segment& segment, trace::Span& root);
// The same when spans are about to be sent, which it may forbid.
void decide_trace_last(trace::Segment& segment, trace::Span& root);
// An object with write(list[Span]), called with each chunk after sampling; empty for our own.
void set_writer(py::Handle writer);
// Called by that writer while it is given a chunk: these spans of it go on as if the writer were
// not there. False, and nothing happens, when they are not all its, or are passed on already.
bool pass_on(py::Handle spans);
// Callables that get each span when it has started, and when it has ended: lists, read when used.
void set_listeners(py::Handle on_start, py::Handle on_finish);

namespace detail {
extern constinit bool keeps_objects, has_start_listeners;
void tell_start(py::Handle span_object);
}  // namespace detail

// Whether finished spans' objects are to be kept for their chunk.
inline bool keeps_objects() { return detail::keeps_objects; }
inline void span_started(py::Handle span_object) {
  if (detail::has_start_listeners) [[unlikely]]
    detail::tell_start(span_object);
}

}  // namespace dd::tracing
