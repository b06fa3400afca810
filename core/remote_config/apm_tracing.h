// The product APM_TRACING: settings of the tracer that change while the program runs.
//
// Several configurations may be in force; each is for a service and an environment, or for all. The
// most specific one that has a key says what it is; of equals the later one. What no configuration
// says any more is again what code or environment say. Source: CONFIG.md section 8, SPAN.md 11.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/remote_config/repository.h"

namespace dd::remote_config {

struct LibraryConfig {
  std::string sampling_rules;  // JSON, or empty
  std::optional<double> sampling_rate;
  std::optional<bool> log_injection, tracing_enabled;
  std::optional<std::vector<std::pair<std::string, std::string>>> tags;
  std::optional<std::string> header_tags;  // "x-order:order,x-cart:cart"
  bool operator==(const LibraryConfig&) const = default;
};

// A configuration that cannot be read is marked so and left out; one for somebody else is left out.
LibraryConfig merge(std::span<Configuration* const> configurations, std::string_view service,
                    std::string_view env);

// Puts it in force, where it differs from what was before: sampling, tags of spans, tracing on or
// off, and the settings that others read. On one thread.
void apply(const LibraryConfig& wanted);

// The product's side of remote_config.h: merges and applies. On the worker.
void change_library(std::span<Configuration* const> in_force);
// What it says has changed: for settings of others than the tracer's core. On the worker.
void on_library_change(void (*changed)(const LibraryConfig& before, const LibraryConfig& now));

}  // namespace dd::remote_config
