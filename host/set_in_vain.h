// What somebody has turned on and this program does not have: products and integrations.
//
// Whoever turns something on learns that it is not there: one line each at the start, and in
// --dd-info with what to do instead. What is only configured (DD_PROFILING_MAX_FRAMES) is marked in
// --dd-info as not used, and no more: nobody waits for it. Settings are resolved; no Python.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dd::host {

struct SetInVain {
  std::string what;  // "DD_PROFILING_ENABLED=true (environment): there is no profiling in ..."
  std::string remedy;
};
std::vector<SetInVain> set_in_vain();
void warn_about_what_is_set_in_vain();

// The products of the reference that this program lacks, as people call them.
std::vector<std::string_view> missing_products();

}  // namespace dd::host
