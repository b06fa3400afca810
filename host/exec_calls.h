// CPython's calls that execute a program: exec*, posix_spawn*, and with them subprocess,
// multiprocessing, os.spawn* and os.exec*. execv and execve are the
// program's own, the others are taken at link time (--wrap).

#pragma once

namespace dd::host {

// Whether python programs that this process executes become ddpython (host/children/redirect.h).
void redirect_children(bool on);

// execv() without looking at what is executed.
int execute_as_it_is(const char* path, char* const argv[]);

}  // namespace dd::host
