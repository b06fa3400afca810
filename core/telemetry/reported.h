// The configuration as app-started tells it: what the reference reports in the same environment
// (reported.tsv), whether this program reads a setting or not, and what is ours besides.
// Source: CONFIG.md section 2a, telemetry.md.

#pragma once

#include <string>
#include <vector>

#include "core/config/setting.h"

namespace dd::telemetry {

struct Row {
  std::string name;
  std::string value;
  bool has_value = true;
  std::string origin;
  std::string config_id = {};  // of a file; else empty
};

std::string_view origin_name(config::Origin origin);
// Weakest origin first. The environment is loaded and the settings are resolved.
std::vector<Row> reported_rows();
// Settings that the reference does not have: those that are set, in every origin.
void append_rows(std::span<config::SettingBase* const> settings, std::vector<Row>& out);

struct Finding {       // about a variable of OpenTelemetry; names in lower case
  const char* metric;  // "otel.env.hiding", "otel.env.invalid", "otel.env.unsupported"
  std::string tags;
};
std::vector<Finding> otel_findings();

}  // namespace dd::telemetry
