// The logger `ddtrace` gets its handlers when there are both: the package and `logging`. Which of
// them the program imports first does not matter.

#pragma once

namespace dd::pyshim {

// With the GIL, after the finder is there.
void watch_logging();

}  // namespace dd::pyshim
