// A trace that is open in a process that forks is decided about before: parent and child go on with
// one decision. Source: SPAN.md section 13.

#pragma once

namespace dd::tracing {

// From now on. Once; with the GIL.
void decide_before_forks();

}  // namespace dd::tracing
