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
// The same as JSON, with every known setting that no code uses yet. The status is 0, 1 when there
// are warnings, 2 when the agent cannot be used.
int print_info_json(const InfoOptions& options);

// Why the agent at `url` cannot be used, or empty. Waits at most two seconds.
std::string agent_problem(const std::string& url);

}  // namespace dd::host
