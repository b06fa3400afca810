// Where the file of this program lies, for whoever executes it again or looks beside it.

#pragma once

#include <cstddef>

namespace dd::base {

// A path that execve() takes: links resolved where the host said so, else /proc/self/exe. Safe in
// handlers of signals.
const char* own_file();

// The path this program was started as, links unresolved, or null when that is not known.
const char* started_as();

// own_file() with links resolved, terminated. False when it cannot be read or does not fit.
bool read_own_file(char* out, std::size_t size);

// In a child just made: becomes this program with one option, `ddpython OPTION`, and no
// environment. Its files are the child's. Safe in handlers of signals and in another process'
// memory.
[[noreturn]] void become_own_copy(const char* option);

// Told before main where another program's file was executed with this one preloaded
// (host/preload). Both are kept, not copied; `started` may be null.
void set_own_file(const char* file, const char* started);

}  // namespace dd::base
