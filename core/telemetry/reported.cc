#include "core/telemetry/reported.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/config/core_settings.h"
#include "core/config/parse.h"
#include "core/config/registry.h"

namespace dd::telemetry {
namespace {

using config::Origin;

// kCollector: the address of an OpenTelemetry collector beside the agent, of this port.
enum class Kind : std::uint8_t { kFlag, kWhole, kReal, kSeconds, kText, kMap, kSet, kCollector };

struct Reported {
  std::string_view name;
  bool all;  // every origin that holds a value, or the strongest
  Kind kind;
  std::string_view fallback;  // no data: null
};
constexpr Reported kReported[] = {
#include "core/telemetry/reported_table.inc"
};

constexpr Origin kGiven[] = {Origin::kLocalFile, Origin::kEnvironment, Origin::kFleetFile};
constexpr Origin kLater[] = {Origin::kCode, Origin::kRemote};

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& one : list) out.append(out.empty() ? "" : ",").append(one);
  return out;
}

// As Python would write it; nullopt when it is not understood.
std::optional<std::string> shown(Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::kFlag:
      return config::show(config::parse_bool(text).value_or(false) ||
                          config::same_ignoring_case(text, "structured"));
    case Kind::kWhole: {
      const auto number = config::parse_int(text);
      return number ? std::optional(config::show(*number)) : std::nullopt;
    }
    case Kind::kReal:
    case Kind::kSeconds: {
      const auto number = config::parse_double(text);
      return number ? std::optional(config::show(*number)) : std::nullopt;
    }
    case Kind::kMap: {
      std::vector<std::string> list;
      for (const auto& [key, value] : config::parse_pairs(text)) list.push_back(key + ":" + value);
      return joined(list);
    }
    case Kind::kSet: {
      std::vector<std::string> list = config::parse_list(text);
      std::sort(list.begin(), list.end());
      list.erase(std::unique(list.begin(), list.end()), list.end());
      return joined(list);
    }
    case Kind::kText:
    case Kind::kCollector: break;
  }
  return std::string(text);
}

std::string default_of(const Reported& row) {
  if (row.kind != Kind::kCollector) return std::string(row.fallback);
  std::string_view host = config::agent_host.get();
  if (const std::string_view url = config::agent_url.get(); url.starts_with("http")) {
    host = url.substr(std::min(url.find("://") + 3, url.size()));
    host = host.substr(0, host.find_first_of(":/"));
  }
  return "http://" + std::string(host.empty() ? "localhost" : host) + ":" +
         std::string(row.fallback);
}

// Only the fleet's file tells its own.
std::string id_of(Origin origin) {
  return std::string(origin == Origin::kFleetFile ? config::config_id(origin) : "");
}

// The first of the name and its older ones that this origin has.
std::optional<std::string_view> given(std::string_view name, Origin origin) {
  if (const auto value = config::variable_from(origin, name)) return value;
  const config::KnownSetting* const known = config::find_known(name);
  if (known == nullptr) return std::nullopt;
  for (const std::string& alias : config::parse_list(known->aliases))
    if (const auto value = config::variable_from(origin, alias)) return value;
  return std::nullopt;
}

// OpenTelemetry's value for it, as written, when it means something here.
std::optional<std::string_view> given_by_otel(const config::SettingBase* setting) {
  if (setting == nullptr || setting->spec().otel.empty()) return std::nullopt;
  const config::Spec& spec = setting->spec();
  const auto value = config::variable_from(Origin::kEnvironment, spec.otel);
  if (value && spec.from_otel != nullptr && !spec.from_otel(*value)) return std::nullopt;
  return value;
}

void append(const Reported& what, std::vector<Row>& out) {
  const std::string name(what.name);
  std::vector<Row> rows;
  rows.push_back({name, default_of(what), what.fallback.data() != nullptr, "default"});
  config::SettingBase* const setting = config::find_declared(what.name);
  for (const Origin origin : kGiven) {
    if (origin == Origin::kEnvironment)
      if (const auto value = given_by_otel(setting))
        rows.push_back({name, std::string(*value), true, "otel_env_var"});
    const auto text = given(what.name, origin);
    // The fleet's value hides the one of the machine's owner.
    if (!text || (origin == Origin::kLocalFile && given(what.name, Origin::kFleetFile))) continue;
    if (auto value = shown(what.kind, *text))
      rows.push_back({name, std::move(*value), true, std::string(origin_name(origin)),
                      id_of(origin)});
  }
  for (const Origin origin : kLater)
    if (auto value = setting == nullptr ? std::nullopt : setting->shown(origin))
      rows.push_back({name, std::move(*value), true, std::string(origin_name(origin))});
  if (!what.all) rows.erase(rows.begin(), rows.end() - 1);
  for (Row& row : rows) out.push_back(std::move(row));
}

struct OtelName {
  std::string_view otel, ours;
};
constexpr OtelName kOtelNames[] = {
    {"OTEL_SERVICE_NAME", "DD_SERVICE"},
    {"OTEL_LOG_LEVEL", "DD_TRACE_DEBUG"},
    {"OTEL_PROPAGATORS", "DD_TRACE_PROPAGATION_STYLE_EXTRACT"},
    {"OTEL_PROPAGATORS", "DD_TRACE_PROPAGATION_STYLE_INJECT"},
    {"OTEL_TRACES_SAMPLER", "DD_TRACE_SAMPLING_RULES"},
    {"OTEL_TRACES_EXPORTER", "DD_TRACE_ENABLED"},
    {"OTEL_METRICS_EXPORTER", "DD_RUNTIME_METRICS_ENABLED"},
    {"OTEL_RESOURCE_ATTRIBUTES", "DD_TAGS"},
    {"OTEL_SDK_DISABLED", "DD_TRACE_OTEL_ENABLED"},
    {"OTEL_SDK_DISABLED", "DD_METRICS_OTEL_ENABLED"},
    {"OTEL_SDK_DISABLED", "DD_LOGS_OTEL_ENABLED"},
    {"OTEL_LOGS_EXPORTER", ""},
};

bool is_invalid(const OtelName& names, std::string_view value) {
  const auto is = [&](std::string_view text) { return config::same_ignoring_case(value, text); };
  if (names.otel == "OTEL_LOGS_EXPORTER") return !is("none");
  if (names.otel == "OTEL_METRICS_EXPORTER") return !is("none") && !is("otlp");
  if (names.otel == "OTEL_SDK_DISABLED") return !is("true") && !is("false");
  const config::SettingBase* const setting = config::find_declared(names.ours);
  return setting != nullptr && setting->spec().from_otel != nullptr &&
         !setting->spec().from_otel(value);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = config::lower(c);
  return out;
}

bool is_supported_otel(std::string_view name) {
  if (name.starts_with("OTEL_EXPORTER_OTLP_") || name.starts_with("OTEL_METRIC_EXPORT_"))
    return true;
  for (const std::string_view known :
       {"OTEL_TRACES_SAMPLER_ARG", "OTEL_PYTHON_CONTEXT", "OTEL_TRACES_SPAN_METRICS_ENABLED"})
    if (name == known) return true;
  return std::any_of(std::begin(kOtelNames), std::end(kOtelNames),
                     [&](const OtelName& row) { return row.otel == name; });
}

}  // namespace

std::string_view origin_name(Origin origin) {
  constexpr std::string_view kNames[] = {
      "default", "local_stable_config", "env_var", "fleet_stable_config", "code", "remote_config"};
  return kNames[static_cast<int>(origin)];
}

std::vector<Row> reported_rows() {
  std::vector<Row> out;
  for (const Reported& what : kReported) append(what, out);
  return out;
}

void append_rows(std::span<config::SettingBase* const> settings, std::vector<Row>& out) {
  for (config::SettingBase* setting : settings) {
    if (setting->spec().secret || !setting->is_set()) continue;
    for (int i = 0; i < config::kOrigins; ++i) {
      const auto origin = static_cast<Origin>(i);
      auto value = setting->shown(origin);
      if (!value && origin != Origin::kDefault) continue;
      out.push_back({std::string(setting->spec().env), value.value_or(""), value.has_value(),
                     std::string(origin_name(origin)), id_of(origin)});
    }
  }
}

std::vector<Finding> otel_findings() {
  std::vector<Finding> out;
  for (const OtelName& names : kOtelNames) {
    const auto value = config::variable_from(Origin::kEnvironment, names.otel);
    if (!value) continue;
    const std::string otel = "config_opentelemetry:" + lower_case(names.otel);
    if (!names.ours.empty() && given(names.ours, Origin::kEnvironment))
      out.push_back({"otel.env.hiding", otel + ",config_datadog:" + lower_case(names.ours)});
    else if (is_invalid(names, *value))
      out.push_back({"otel.env.invalid", otel});
  }
  for (const auto& [name, value] : config::environment_variables())
    if (name.starts_with("OTEL_") && !is_supported_otel(name))
      out.push_back({"otel.env.unsupported", "config_opentelemetry:" + lower_case(name)});
  return out;
}

}  // namespace dd::telemetry
