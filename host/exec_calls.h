// CPython's calls that execute a program: exec*, posix_spawn*, system, and with them subprocess,
// multiprocessing, os.spawn* and os.exec*. execv and execve are the program's own, the others are
// taken at link time (--wrap).

#pragma once

#include <patchlevel.h>

#define DD_TEXT_OF_(x) #x
#define DD_TEXT_OF(x) DD_TEXT_OF_(x)

namespace dd::host {

// Beside the program; preloaded into programs that are not python.
inline constexpr char kChildrenLibrary[] = "ddchildren3." DD_TEXT_OF(PY_MINOR_VERSION) ".so";

// Which of the pythons that this process executes become ddpython (host/children/redirect.h).
enum class Children : unsigned char {
  kNone,
  kDirect,  // those it executes itself
  kAll,     // and those that other programs execute on its behalf
};
void follow_children(Children which);
// They are told who began the program and who executes them: ids of processes (telemetry).
void tell_children(const char* root, const char* parent);

// execv() without looking at what is executed; execv() by the policy in force.
int execute_as_it_is(const char* path, char* const argv[]);
int execute_followed(const char* path, char* const argv[]);

}  // namespace dd::host
