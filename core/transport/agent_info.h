// What an agent says about itself and us, read from its answers.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dd::transport {

// The answer to GET /info. Source: WIRE.md section 1, WRITER.md section 5.
struct AgentInfo {
  std::string version;
  std::vector<std::string> endpoints;  // "/v0.4/traces" ...
  bool client_drop_p0s = false;
  bool span_events = false, span_meta_structs = false;
  std::vector<std::string> peer_tags, span_kinds_stats_computed;
  std::vector<std::string> filter_tags_require, filter_tags_reject;
  std::vector<std::string> filter_tags_regex_require, filter_tags_regex_reject;
  std::vector<std::string> ignore_resources;
  int obfuscation_version = 0;
  std::string sql_obfuscation_mode;  // config.obfuscation.sql_obfuscation_mode
  std::vector<std::string> feature_flags;
  int statsd_port = 0;              // 0: not said
  std::string container_tags_hash;  // of the header Datadog-Container-Tags-Hash
  std::string state;                // sha256 of the body, to compare with Datadog-Agent-State

  bool has_endpoint(std::string_view path) const;
  // "/evp_proxy/v4/", else "/evp_proxy/v2/", else empty.
  std::string_view evp_proxy() const;
};
std::optional<AgentInfo> parse_info(std::string_view json);

// Calls rate(self, key, value) for each rate in {"rate_by_service": {key: value}}; false when the
// text is not that.
bool parse_rates(std::string_view json,
                 void (*rate)(void* self, std::string_view key, double value), void* self);

}  // namespace dd::transport
