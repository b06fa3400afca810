// Random identifiers: a small generator per thread, seeded from the operating system, seeded again
// in every forked child (core/base/fork.h bumps the generation).

#pragma once

#include <cstdint>

namespace dd::base {

// Uniform, never zero. Any thread.
std::uint64_t random_id();

// 32 lower-case hexadecimal digits of a random version-4 UUID, into `out` (no terminator).
void random_uuid_hex(char out[32]);

}  // namespace dd::base
