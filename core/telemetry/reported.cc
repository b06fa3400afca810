#include "core/telemetry/reported.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/kept_text.h"
#include "core/config/core_settings.h"
#include "core/config/parse.h"
#include "core/config/registry.h"

namespace dd::telemetry {
namespace {

using config::Origin;

enum class Kind : std::uint8_t {
  kFlag,
  kInjection,  // of logs: a flag with blanks around it, or "structured"
  kSwitch,     // a flag that takes "yes" and "on" too
  kWhole,
  kReal,
  kSeconds,
  kText,
  kUpper,    // in capitals
  kTrimmed,  // without blanks around it
  kMap,
  kList,       // without blanks and empty pieces
  kSet,        // the same, sorted, each once
  kPieces,     // split at commas and nothing else, sorted, each once
  kProtocol,   // of a signal of OpenTelemetry: by default that of all
  kCollector,  // the address of an OpenTelemetry collector beside the agent
};
enum class Origins : std::uint8_t { kAll, kPlain, kOne };  // see reported.tsv

}  // namespace

extern const char reported_texts[];

namespace {

struct Reported {
  using Text = base::KeptText<reported_texts>;
  Text name;
  Origins origins;
  Kind kind;
  Text fallback;  // no data: null
};

}  // namespace

#include "core/telemetry/reported_table.inc"

namespace {

constexpr Origin kGiven[] = {Origin::kLocalFile, Origin::kEnvironment, Origin::kFleetFile};
constexpr Origin kLater[] = {Origin::kCode, Origin::kRemote};

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& one : list) out.append(out.empty() ? "" : ",").append(one);
  return out;
}

std::string sorted(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return joined(list);
}

std::vector<std::string> pieces(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

// As Python would write it; nullopt when it is not understood.
std::optional<std::string> shown(Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::kFlag:
      return config::show(config::parse_bool(text).value_or(false));
    case Kind::kInjection:
      return config::show(*config::parse_flag(text, config::Words::kStructured));
    case Kind::kSwitch:
      return config::show(*config::parse_flag(text, config::Words::kYes));
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
      for (const auto& [key, value] : config::parse_pairs(text))
        if (key != "git.repository_url" &&
            key != "git.commit.sha")  // of DD_TAGS; may hold a password
          list.push_back(key + ":" + value);
      return joined(list);
    }
    case Kind::kList:
      return joined(config::parse_list(text));
    case Kind::kSet:
      return sorted(config::parse_list(text));
    case Kind::kPieces:
      return sorted(pieces(text));
    case Kind::kTrimmed:
      return std::string(config::trim(text));
    case Kind::kUpper: {
      std::string out(text);
      for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      return out;
    }
    case Kind::kText:
    case Kind::kProtocol:
    case Kind::kCollector:
      break;
  }
  return std::string(text);
}

// Settings of sending without an agent do not tell which document they came from.
constexpr std::string_view kNameless[] = {
    "DD_SITE", "DD_AGENTLESS_ENABLED", "_DD_APM_TRACING_AGENTLESS_ENABLED",
    "DD_CIVISIBILITY_AGENTLESS_ENABLED", "DD_LLMOBS_AGENTLESS_ENABLED"};

// Only the fleet's file tells its own.
std::string id_of(std::string_view name, Origin origin) {
  if (origin != Origin::kFleetFile || std::ranges::find(kNameless, name) != std::end(kNameless))
    return {};
  return std::string(config::config_id(origin));
}

// OpenTelemetry's setting for all signals, where it stands in for the one of this signal.
std::string_view general_of(std::string_view name) {
  if (name == "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT") return "OTEL_EXPORTER_OTLP_TIMEOUT";
  if (name == "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL" || name == "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL")
    return "OTEL_EXPORTER_OTLP_PROTOCOL";
  return {};
}

struct Given {
  std::string_view name;  // of the table, or the one that was asked for
  std::string_view text;
};

// The first of the name and its older ones that this origin has. An empty variable of OpenTelemetry
// is none.
std::optional<Given> find_given(std::string_view name, Origin origin) {
  if (config::variables_of(origin).empty()) return std::nullopt;  // there is no such file
  std::string_view others = general_of(name);
  if (others.empty())
    if (const config::KnownSetting* const known = config::find_known(name)) others = known->aliases;
  for (std::string_view one = name; !one.empty();) {
    const auto text = config::variable_from(origin, one);
    if (text && !(text->empty() && origin == Origin::kEnvironment && one.starts_with("OTEL_")))
      return Given{one, *text};
    const std::size_t comma = std::min(others.find(','), others.size());
    one = others.substr(0, comma);
    others.remove_prefix(std::min(comma + 1, others.size()));
  }
  return std::nullopt;
}

std::optional<std::string_view> given(std::string_view name, Origin origin) {
  const auto found = find_given(name, origin);
  return found ? std::optional(found->text) : std::nullopt;
}

// The strongest of the three, or `otherwise`.
std::string_view in_force(std::string_view name, std::string_view otherwise) {
  for (const Origin origin : {Origin::kFleetFile, Origin::kEnvironment, Origin::kLocalFile})
    if (const auto value = given(name, origin)) return *value;
  return otherwise;
}

std::string collector(std::string_view name) {
  std::string_view host = config::agent_host.get();
  if (const std::string_view url = config::agent_url.get(); url.starts_with("http")) {
    host = url.substr(std::min(url.find("://") + 3, url.size()));
    host = host.substr(0, host.find_first_of(":/"));
  }
  const bool logs = name.find("_LOGS_") != name.npos, metrics = name.find("_METRICS_") != name.npos;
  std::string_view protocol = in_force("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
  if (logs) protocol = in_force("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", protocol);
  if (metrics) protocol = in_force("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", protocol);
  std::string out = "http://" + std::string(host.empty() ? "localhost" : host);
  if (!protocol.starts_with("http")) return out + ":4317";
  return out + (logs ? ":4318/v1/logs" : metrics ? ":4318/v1/metrics" : ":4318");
}

// Nullopt: null.
std::optional<std::string> default_of(const Reported& row) {
  if (row.kind == Kind::kCollector) return collector(row.name);
  if (row.kind == Kind::kProtocol)
    return std::string(in_force("OTEL_EXPORTER_OTLP_PROTOCOL", row.fallback));
  for (const auto& [key, name] : {std::pair("env", "DD_ENV"), std::pair("service", "DD_SERVICE"),
                                  std::pair("version", "DD_VERSION")})
    if (row.name == name)
      for (const auto& [tag, value] : config::parse_pairs(config::tags.get()))
        if (tag == key) return value;
  if (row.fallback.view().data() == nullptr) return std::nullopt;
  return std::string(row.fallback);
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

// OpenTelemetry's value for it, as it is mapped, when it means something here.
std::optional<std::string> given_by_otel(std::string_view name) {
  const auto* const row = std::ranges::find(kOtelNames, name, &OtelName::ours);
  if (row == std::end(kOtelNames) || row->otel == "OTEL_METRICS_EXPORTER") return std::nullopt;
  const auto value = config::variable_from(Origin::kEnvironment, row->otel);
  if (!value || is_invalid(*row, *value)) return std::nullopt;
  const bool kept = name == "DD_SERVICE" || name == "DD_TAGS";
  return kept ? std::string(*value) : base::lowered(*value);
}

std::string_view name_of(Origin origin, const Reported& what) {
  if (origin == Origin::kEnvironment && what.origins == Origins::kOne &&
      what.name.starts_with("OTEL_"))
    return "otel_env_var";
  return origin_name(origin);
}

// Settings that code or a configuration from afar has changed: few.
std::vector<config::SettingBase*> changed_later() {
  std::vector<config::SettingBase*> out = config::declared_settings();
  std::erase_if(out, [](config::SettingBase* one) {
    return std::ranges::none_of(kLater,
                                [&](Origin origin) { return one->shown(origin).has_value(); });
  });
  return out;
}

void append(const Reported& what, std::span<config::SettingBase* const> changed,
            std::vector<Row>& out) {
  const std::string name(what.name);
  std::vector<Row> rows;
  const auto fallback = default_of(what);
  rows.push_back({name, fallback.value_or(""), fallback.has_value(), "default"});
  const auto by_otel = given_by_otel(what.name);
  for (const Origin origin : kGiven) {
    const bool environment = origin == Origin::kEnvironment;
    if (environment && by_otel && what.origins != Origins::kPlain)
      rows.push_back({name, *by_otel, true, "otel_env_var"});
    const auto found = find_given(what.name, origin);
    auto text = found ? std::optional(found->text) : std::nullopt;
    // What OpenTelemetry's level means is put where this setting is read from.
    if (environment && !text && by_otel == "debug") text = "true";
    // The fleet's value hides the one of the machine's owner under the same name.
    if (!text ||
        (origin == Origin::kLocalFile && config::variable_from(Origin::kFleetFile, found->name)))
      continue;
    if (auto value = shown(what.kind, *text))
      rows.push_back({name, std::move(*value), true, std::string(name_of(origin, what)),
                      id_of(what.name, origin)});
  }
  const auto at = std::ranges::find_if(
      changed, [&](const config::SettingBase* one) { return one->spec().env == what.name; });
  config::SettingBase* const setting = at == changed.end() ? nullptr : *at;
  for (const Origin origin : kLater)
    if (auto value = setting == nullptr ? std::nullopt : setting->shown(origin))
      rows.push_back({name, std::move(*value), true, std::string(origin_name(origin))});
  if (what.origins == Origins::kOne) rows.erase(rows.begin(), rows.end() - 1);
  for (Row& row : rows) out.push_back(std::move(row));
}

// Where others send to is read, and so told, only when it is given and matters.
void append_exporters(std::vector<Row>& out) {
  const auto on = [](std::string_view name) {
    return config::parse_bool(in_force(name, "false")).value_or(false);
  };
  const bool metrics = on("DD_RUNTIME_METRICS_ENABLED") || on("DD_METRICS_OTEL_ENABLED");
  for (const std::string_view name : {"OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"}) {
    if (name == "OTEL_METRICS_EXPORTER" && !metrics) continue;
    if (const auto value = given(name, Origin::kEnvironment))
      out.push_back({std::string(name), std::string(*value), true, "env_var"});
  }
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
  out.reserve(std::size(kReported) * 5 / 4);
  const std::vector<config::SettingBase*> changed = changed_later();
  for (const Reported& what : kReported) append(what, changed, out);
  append_exporters(out);
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
                     std::string(origin_name(origin)), id_of(setting->spec().env, origin)});
    }
  }
}

std::vector<Finding> otel_findings() {
  std::vector<Finding> out;
  for (const OtelName& names : kOtelNames) {
    const auto value = config::variable_from(Origin::kEnvironment, names.otel);
    if (!value) continue;
    const std::string otel = "config_opentelemetry:" + base::lowered(names.otel);
    if (!names.ours.empty() && given(names.ours, Origin::kEnvironment))
      out.push_back({"otel.env.hiding", otel + ",config_datadog:" + base::lowered(names.ours)});
    else if (is_invalid(names, *value))
      out.push_back({"otel.env.invalid", otel});
  }
  for (const auto& [name, value] : config::environment_variables())
    if (name.starts_with("OTEL_") && !is_supported_otel(name))
      out.push_back({"otel.env.unsupported", "config_opentelemetry:" + base::lowered(name)});
  return out;
}

}  // namespace dd::telemetry
