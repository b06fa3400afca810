// Wall and monotonic time in nanoseconds, read from the kernel directly: clocks that tests of the
// application replace (freezegun) do not reach it.

#pragma once

#include <cstdint>

namespace dd::base {

std::int64_t wall_ns();
std::int64_t monotonic_ns();

}  // namespace dd::base
