// The interpreter from configuration to finalisation.

#pragma once

#include "core/base/status.h"

namespace dd::host {

struct Interpreter {
  int argc;
  char** argv;
  const char* program;  // the path CPython derives its environment from
  // Called with the GIL when modules can be imported and `site` has not run; not called with -S.
  void (*before_site)() = nullptr;
  // Called with the GIL when everything is set up and nothing of the application has run.
  void (*ready)() = nullptr;
};

// Runs CPython on the command line and gives the exit status. Does not return where CPython itself
// exits: a bad command line, SystemExit, a death by SIGINT.
int run_interpreter(const Interpreter& interpreter);

}  // namespace dd::host
