#include "core/config/registry.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace dd::config {

#include "core/config/registry_table.inc"

namespace {

bool lists(std::string_view names, std::string_view name) {
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t end = std::min(names.find(',', at), names.size());
    if (names.substr(at, end - at) == name) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

std::span<const KnownSetting> registry() { return kRegistry; }

const KnownSetting* find_known(std::string_view name) {
  const auto* const at = std::lower_bound(
      std::begin(kRegistry), std::end(kRegistry), name,
      [](const KnownSetting& row, std::string_view n) { return row.name.view() < n; });
  if (at != std::end(kRegistry) && at->name == name) return at;
  for (const KnownSetting& row : kRegistry)
    if (lists(row.aliases, name)) return &row;
  return nullptr;
}

int edits_between(std::string_view a, std::string_view b, int most) {
  const std::size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > static_cast<std::size_t>(most)) return most + 1;
  std::vector<int> before, row(b.size() + 1), next(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = static_cast<int>(i);
    int least = next[0];
    for (std::size_t j = 1; j <= b.size(); ++j) {
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        next[j] = std::min(next[j], before[j - 2] + 1);
      least = std::min(least, next[j]);
    }
    if (least > most) return most + 1;
    before = row;
    std::swap(row, next);
  }
  return std::min(row[b.size()], most + 1);
}

std::string_view nearest_known(std::string_view name) {
  // Short names are near to everything.
  const int most = name.size() < 8 ? 1 : name.size() < 14 ? 2 : 3;
  int least = most + 1;
  std::string_view nearest;
  for (const KnownSetting& row : kRegistry) {
    if (row.internal || !row.name.starts_with("DD_")) continue;
    const int edits = edits_between(name, row.name, least - 1);
    if (edits >= least) continue;
    least = edits;
    nearest = row.name;
  }
  return nearest;
}

}  // namespace dd::config
