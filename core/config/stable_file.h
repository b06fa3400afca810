// Settings from files: application_monitoring.yaml of the machine's owner (local) and of its fleet
// management. A file holds defaults and rules; the first rule that fits this process overlays the
// defaults. Source: CONFIG.md section 5.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/config/parse.h"

namespace dd::config {

// What rules may ask about.
struct Process {
  std::span<const std::string> arguments;  // with the program
  const Pairs* environment = nullptr;
};

struct StableFile {
  std::string config_id;
  Pairs values;  // sorted by name
};
// Nullopt: `problem` says why. Total.
std::optional<StableFile> parse_stable_file(std::string_view text, const Process& process,
                                            std::string& problem);

inline constexpr const char* kLocalFile = "/etc/datadog-agent/application_monitoring.yaml";
inline constexpr const char* kFleetFile =
    "/etc/datadog-agent/managed/datadog-agent/stable/application_monitoring.yaml";
// Empty when there is none. A file that cannot be understood is reported and counts as empty.
StableFile read_stable_file(const std::string& path, const Process& process);

}  // namespace dd::config
