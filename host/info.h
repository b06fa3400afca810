// What --dd-version and --dd-info print, on standard output.

#pragma once

#include <string_view>

namespace dd::host {

// Each gives the exit status.
int print_text(std::string_view text);
int print_version();
int print_info();

}  // namespace dd::host
