// ddtrace-run's command line: `ddtrace-run [-d] [-i] [-p] [-v] [-nc] command [argument] ...`.
//
// The command is found as the shell would find it. A python this program was built for, or a script
// whose first line leads to one (also by `env`, and by pip's `'''exec'` form for long paths), runs
// in this process as that very python, so that its environment is the one it would have had.
// Another python is given to the ddpython of its version beside this program, if there is one. A
// shell script (a version manager's shim) is asked which python it stands for. Everything else is
// executed as it is.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/command_line.h"

namespace dd::host {

// Set in the environment of a program that is to act as the python it names.
inline constexpr const char* kActAs = "_DD_PYTHON_AS";

bool is_launcher_name(std::string_view program);

struct Launch {
  bool runs = false;                   // false: nothing to run here, leave with `status`
  int status = 0;
  bool info = false;                   // print the report instead
  Options options;                     // --dd-* options stood among ddtrace-run's
  std::string program;                 // the python to be
  std::vector<std::string> arguments;  // its command line
};

// May not return: what does not run in this process replaces it.
Launch launch(int argc, char** argv);

}  // namespace dd::host
