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
// The configuration in force, first in the words of `ddtrace-run --info`, with where each value
// comes from, what is on and why, and what to do about each problem (diagnosis.h). The status is 0,
// 1 when there are warnings, 2 when traces are lost. Settings resolved; Python not needed.
int print_info(const InfoOptions& options);
// The same as JSON, with every known setting that no code uses yet.
int print_info_json(const InfoOptions& options);

// Standard output is a terminal, unless NO_COLOR or FORCE_COLOR knows better.
bool wants_colours();

}  // namespace dd::host
