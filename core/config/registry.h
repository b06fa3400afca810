// Every setting the reference knows (registry.tsv), whether this program reads it or not: for
// telling a misspelt name from a strange one, and for lists.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dd::config {

struct KnownSetting {
  std::string_view name, aliases;  // aliases: comma separated
  std::string_view type, fallback, product, otel;
  bool secret, internal, remote;
  bool unused;  // no source of this program names it (make_registry.py)
};

std::span<const KnownSetting> registry();  // sorted by name
// By name or alias; null when unknown.
const KnownSetting* find_known(std::string_view name);
// The known name that `name` was probably meant to be, or empty.
std::string_view nearest_known(std::string_view name);
// Insertions, deletions, replacements and swaps of neighbours between both; `most` + 1 when more.
int edits_between(std::string_view a, std::string_view b, int most);
// A line for each variable DD_* of the environment that is unknown but looks like a known one.
std::vector<std::string> complaints_about_names();
// The same, written for the user. Start-up, after the settings are resolved.
void warn_about_names();

}  // namespace dd::config
