#include "core/transport/agent_info.h"

#include <algorithm>

#include "core/json/json.h"

namespace dd::transport {
namespace {

std::vector<std::string> texts(const json::Value& list) {
  std::vector<std::string> out;
  for (const json::Value& one : list.items())
    if (!one.text().empty()) out.emplace_back(one.text());
  return out;
}

}  // namespace

bool AgentInfo::has_endpoint(std::string_view path) const {
  return std::find(endpoints.begin(), endpoints.end(), path) != endpoints.end();
}

std::string_view AgentInfo::evp_proxy() const {
  for (const std::string_view path : {"/evp_proxy/v4/", "/evp_proxy/v2/"})
    if (has_endpoint(path)) return path;
  return {};
}

std::optional<AgentInfo> parse_info(std::string_view text) {
  const std::optional<json::Value> parsed = json::parse(text);
  if (!parsed || parsed->kind() != json::Value::Kind::kObject) return std::nullopt;
  const json::Value& info = *parsed;
  AgentInfo out;
  out.version = info["version"].text();
  out.endpoints = texts(info["endpoints"]);
  out.client_drop_p0s = info["client_drop_p0s"].boolean();
  out.span_events = info["span_events"].boolean();
  out.span_meta_structs = info["span_meta_structs"].boolean();
  out.peer_tags = texts(info["peer_tags"]);
  out.span_kinds_stats_computed = texts(info["span_kinds_stats_computed"]);
  const json::Value& filter = info["filter_tags"];
  out.filter_tags_require = texts(filter["require"]);
  out.filter_tags_reject = texts(filter["reject"]);
  const json::Value& regex = info["filter_tags_regex"];
  out.filter_tags_regex_require = texts(regex["require"]);
  out.filter_tags_regex_reject = texts(regex["reject"]);
  out.ignore_resources = texts(info["ignore_resources"]);
  out.obfuscation_version = static_cast<int>(
      std::clamp<std::int64_t>(info["obfuscation_version"].integer(), 0, 1'000'000));
  const json::Value& config = info["config"];
  out.sql_obfuscation_mode = config["obfuscation"]["sql_obfuscation_mode"].text();
  out.statsd_port =
      static_cast<int>(std::clamp<std::int64_t>(config["statsd_port"].integer(), 0, 65535));
  out.feature_flags = texts(info["feature_flags"]);
  return out;
}

bool parse_rates(std::string_view text, void (*rate)(void*, std::string_view, double), void* self) {
  const std::optional<json::Value> parsed = json::parse(text);
  if (!parsed) return false;
  const json::Value& rates = (*parsed)["rate_by_service"];
  if (rates.kind() != json::Value::Kind::kObject) return false;
  for (const json::Value::Member& one : rates.members()) {
    const double value = one.value.number(-1);
    if (value >= 0 && value <= 1) rate(self, one.name, value);
  }
  return true;
}

}  // namespace dd::transport
