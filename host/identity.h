// Which python to be.
//
// CPython derives everything about its environment (sys.prefix, sys.path, pyvenv.cfg,
// sys.executable) from the path of its program. So ddpython acts as a given python by giving
// CPython that path. It can act as the interpreter it was built for, in any of its virtual
// environments, and as itself.

#pragma once

#include <string>
#include <string_view>

#include "host/command_line.h"

namespace dd::host {

struct Identity {
  std::string program;   // what CPython is told it is; sys.executable
  bool reenters = true;  // starting `program` again gives ddpython
};

// The identity for `python` command lines. `given` is the python a parent process asked us to be,
// or empty.
Identity choose_identity(const CommandLine& line, std::string_view given);

// The path this program was started as, links unresolved.
std::string own_path();
// The interpreter this program was built for, links resolved.
std::string_view base_python();
// "3.11"
std::string_view python_minor();

// The environment's folder when `program` lies in the bin folder of one, else empty.
std::string environment_of(std::string_view program);

enum class Fit : unsigned char {
  kOurs,     // ddpython of this very version
  kFits,     // the python this program was built for
  kOther,    // another python
  kUnknown,  // not known to be a python
};
// What `program`, the path of an executable file that is no script, is to us.
Fit fit_of(std::string_view program);
// The minor version of a python by its name or environment, "3.12", or empty when unknown.
std::string minor_of(std::string_view program);

std::string real_path(std::string_view path);
bool is_executable_file(const std::string& path);

}  // namespace dd::host
