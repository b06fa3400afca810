// Trace processors of the application (`tracer.configure(trace_processors=[...])`): they see and
// change real Span objects before a chunk is sampled and sent.

#pragma once

#include <vector>

#include "core/py/ref.h"
#include "core/trace/span.h"

namespace dd::tracing {

// A list of objects with process_trace(list[Span]) -> list[Span] | None; empty for none.
void set_processors(py::Handle list);

// The `filter` of trace::ChunkHooks, put there by the first set_processors(). Finishing spans holds the GIL, so this does too. A processor
// that raises is skipped and the trace goes on as it was.
void filter_chunk(std::vector<trace::Span*>& spans);

}  // namespace dd::tracing
