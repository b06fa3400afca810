// What --dd-version, --dd-info and ddtrace-run's --info print, on standard output.

#pragma once

#include <string>
#include <string_view>

namespace dd::host {

// Each gives the exit status.
int print_text(std::string_view text);
int print_version();

struct InfoOptions {
  std::string program;  // the python this process would be
  bool colours = false;
};
// The configuration in force, first in the words of `ddtrace-run --info`, and whether the agent
// answers: waits for it at most two seconds. Settings resolved; Python not needed.
int print_info(const InfoOptions& options);

}  // namespace dd::host
