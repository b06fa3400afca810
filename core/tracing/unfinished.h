// Spans that nobody finishes, and where they were started: DD_TRACE_REPORT_UNFINISHED (off by
// default, for debugging: a look at the stack for each span).
//
// A warning names the place when a span is let go unfinished, the first time for each place; when
// the number of open spans has doubled past 1,000, with the place most of them come from; and at
// the end of the process, after the program's own exit functions, with all places of spans that
// were let go or are still open. GIL held.

#pragma once

#include "core/tracing/span_object.h"

namespace dd::tracing {

namespace detail {
extern constinit bool watches_unfinished;
}
inline bool watches_unfinished() { return detail::watches_unfinished; }

void watch_unfinished();              // once, during start-up
void note_started(SpanObject* self);  // where the frame that runs is
void note_let_go(SpanObject* self);   // its object goes, finished or not

}  // namespace dd::tracing
