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

// Holds the path of that python. A "+" before it: children are followed through other programs.
inline constexpr char kActAs[] = "_DD_PYTHON_AS";

struct Follow {
  const char* own;      // the resolved path of a ddpython, beside which others may lie
  int minor;            // the 11 of its 3.11
  const char* library;  // to preload into programs that are not python, or null
  // Entries of the environment for pythons, "NAME=value" each, in the place of others of that name;
  // null at the end. Or null.
  const char* const* entries = nullptr;
};

struct Target {
  // kOwn: a ddpython already.
  enum class Kind : unsigned char { kOther, kOwn, kPython, kScript, kLauncher };
  Kind kind;
  char program[1024];  // the ddpython to execute
  char entry[1024];    // of the environment: "_DD_PYTHON_AS=/path/of/python"
  char words[512];     // texts of the first line of a script
  const char* shown;   // argv[0] of a script's interpreter
  const char* option;  // its argument, or null
};

// What execve(path, ..., envp) would run, and which ddpython is to run instead. False: this is not
// known to run python; `out.kind` is then kOther. Changes errno only.
bool find_python(const Follow& follow, const char* path, char* const envp[], Target& out);

// Calls `call` with the target's program, arguments and environment in place of the given: ddpython
// is told its role and does not preload, other programs preload the library, if there is one.
int execute(const Follow& follow, const Target& target, const char* path, char* const argv[],
            char* const envp[],
            int (*call)(const char* path, char* const argv[], char* const envp[], void* data),
            void* data);

// As execvp: the first program of that name on PATH, or the name itself when it has a slash.
bool find_on_path(const char* name, char* const envp[], char (&out)[1024]);

// What is left of LD_PRELOAD's value without our library (any version's) in the first place; null
// when it is not there.
const char* without_library(const char* value);

// The value of `name` in an environment, or null.
const char* value_in(char* const envp[], const char* name);

}  // namespace dd::host::children
