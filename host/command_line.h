// The command line of `python`, with our own options taken out.
//
// Ours are long options that start with --dd-, which CPython refuses, and they count only where
// CPython would read options of its own: before -c, -m, a script, `-` or `--`. What follows belongs
// to the application.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace dd::host {

struct Options {
  bool local = false;       // --dd-local: print finished traces instead of sending them
  bool info = false;        // --dd-info: say what is configured and reachable, and stop
  bool json = false;        // --dd-info --json: the same for programs
  bool version = false;     // --dd-version
  bool help = false;        // --dd-help
  bool colours = false;     // of the report of --info
  bool only_tells = false;  // ddtrace-run --info: 0, whatever it finds
  bool venv = false;        // --dd-venv: `-m venv` makes environments whose python is ddpython
};

struct CommandLine {
  Options options;
  std::vector<char*> arguments;  // for CPython; ends in a null pointer that is not counted
  std::string_view module;       // the X of `-m X`, or empty

  int argc() const { return static_cast<int>(arguments.size()) - 1; }
  char** argv() { return arguments.data(); }
};

// The strings of `argv` must outlive the result.
Result<CommandLine> parse_command_line(int argc, char** argv);

// Reads one option of ours into `options`; false when it is none.
bool parse_own_option(std::string_view argument, Options& options);

// What --dd-help prints.
std::string_view help_text();

}  // namespace dd::host
