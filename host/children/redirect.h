// Programs that are python, seen at the moment they are executed.
//
// A python, or a script whose first line leads to one, is executed as ddpython that acts as that
// very python: the program changes, argv, the environment, sys.executable and the virtual
// environment do not. Which python it is travels in _DD_PYTHON_AS, which ddpython takes out of its
// environment before Python sees it; a ddpython that does not fit executes the real one.
//
// Everything here may run between vfork and exec, and in programs that are not ours: the C library
// only, no memory but the stack, no locks.

#pragma once

namespace dd::host::children {

inline constexpr char kActAs[] = "_DD_PYTHON_AS";

struct Target {
  enum class Kind : unsigned char { kPython, kScript, kLauncher };
  Kind kind;
  char program[1024];  // the ddpython to execute
  char entry[1024];    // of the environment: "_DD_PYTHON_AS=/path/of/python"
  char words[512];     // texts of the first line of a script
  const char* shown;   // argv[0] of a script's interpreter
  const char* option;  // its argument, or null
};

// Whether execve(path, ..., envp) would run python, and which ddpython is to run instead. `own` is
// the resolved path of a ddpython, beside which others may lie; `minor` the 11 of its 3.11.
// Changes errno only.
bool find_python(const char* own, int minor, const char* path, char* const envp[], Target& out);

// Calls `call` with the target's program, arguments and environment in place of the given.
int execute(const Target& target, const char* path, char* const argv[], char* const envp[],
            int (*call)(const char* path, char* const argv[], char* const envp[], void* data),
            void* data);

// The value of `name` in an environment, or null.
const char* value_in(char* const envp[], const char* name);

}  // namespace dd::host::children
