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

// For a process that was told to act as `python` (host/children/redirect.h): what CPython is to
// take for its program, empty to be ourselves. Does not return when it is another python than ours.
std::string accept_role(std::string python, int argc, char** argv);

bool is_launcher_name(std::string_view program);

struct Launch {
  bool runs = false;  // false: nothing to run here, leave with `status`
  int status = 0;
  Options options;                     // --dd-* options stood among ddtrace-run's
  std::string program;                 // the python to be
  std::vector<std::string> arguments;  // its command line
};

// May not return: what does not run in this process replaces it.
Launch launch(int argc, char** argv);

}  // namespace dd::host
