#include "core/trace/segment.h"

namespace dd::trace {

const std::string* find_entry(const Entries& entries, std::string_view name) {
  for (const auto& [key, value] : entries)
    if (key == name) return &value;
  return nullptr;
}

}  // namespace dd::trace
