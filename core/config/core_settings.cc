#include "core/config/core_settings.h"

#include "core/base/ascii.h"

namespace dd::config {
namespace {

std::optional<std::string> debug_from_otel(std::string_view text) {
  if (same_ignoring_case(trim(text), "debug")) return "true";
  return std::nullopt;
}

std::optional<std::string> enabled_from_otel(std::string_view text) {
  if (same_ignoring_case(trim(text), "none")) return "false";
  if (same_ignoring_case(trim(text), "otlp")) return "true";
  return std::nullopt;
}

std::optional<std::string> styles_from_otel(std::string_view text) {
  std::string out;
  for (const std::string& given : parse_list(text)) {
    const std::string style = base::lowered(given);
    const bool known = style == "b3" || style == "b3multi" || style == "datadog" ||
                       style == "tracecontext" || style == "none";
    if (known) out += (out.empty() ? "" : ",") + style;
  }
  if (out.empty()) return std::nullopt;
  return out;
}

std::optional<std::string> sampler_from_otel(std::string_view text) {
  std::string name = base::lowered(trim(text));
  if (name.starts_with("parentbased_")) name.erase(0, 12);
  if (name == "always_on") return R"([{"sample_rate":1.0}])";
  if (name == "always_off") return R"([{"sample_rate":0.0}])";
  if (name != "traceidratio") return std::nullopt;
  const std::string_view rate = trim(variable("OTEL_TRACES_SAMPLER_ARG").value_or("1"));
  if (!parse_double(rate)) return std::nullopt;
  return R"([{"sample_rate":)" + std::string(rate) + "}]";
}

std::optional<std::string> tags_from_otel(std::string_view text) {
  std::string out;
  int count = 0;
  for (const std::string& piece : parse_list(text)) {
    const std::size_t equals = piece.find('=');
    if (equals == piece.npos || piece.find('=', equals + 1) != piece.npos) return std::nullopt;
    std::string key = piece.substr(0, equals);
    const std::string value = piece.substr(equals + 1);
    if (key == "deployment.environment") key = "env";
    if (key == "service.name") key = "service";
    if (key == "service.version") key = "version";
    const bool first = key == "env" || key == "service" || key == "version";
    if (first)
      out.insert(0, key + ":" + value + ",");
    else if (++count <= 10)
      out += key + ":" + value + ",";
  }
  return out;
}

std::optional<std::string> opposite_from_otel(std::string_view text) {
  if (same_ignoring_case(trim(text), "true")) return "false";
  if (same_ignoring_case(trim(text), "false")) return "true";
  return std::nullopt;
}

constexpr std::string_view kStyles = "datadog,tracecontext,baggage";

}  // namespace

constinit TextSetting service({.env = "DD_SERVICE", .otel = "OTEL_SERVICE_NAME"});
constinit TextSetting env({.env = "DD_ENV"});
constinit TextSetting version({.env = "DD_VERSION"});
constinit TextSetting tags({.env = "DD_TAGS",
                            .otel = "OTEL_RESOURCE_ATTRIBUTES",
                            .from_otel = tags_from_otel,
                            .remote = "tracing_tags"});
constinit TextSetting service_mapping({.env = "DD_SERVICE_MAPPING"});
constinit TextSetting patch_modules({.env = "DD_PATCH_MODULES"});
constinit TextSetting header_tags({.env = "DD_TRACE_HEADER_TAGS", .remote = "tracing_header_tags"});
constinit Setting<bool> tracing_enabled({.env = "DD_TRACE_ENABLED",
                                         .fallback = "true",
                                         .otel = "OTEL_TRACES_EXPORTER",
                                         .from_otel = enabled_from_otel,
                                         .remote = "tracing_enabled"});
constinit Setting<bool> debug({.env = "DD_TRACE_DEBUG",
                               .fallback = "false",
                               .otel = "OTEL_LOG_LEVEL",
                               .from_otel = debug_from_otel});
constinit Setting<bool> logs_injection({.env = "DD_LOGS_INJECTION",
                                        .fallback = "true",
                                        .remote = "log_injection_enabled",
                                        .words = Words::kStructured});
constinit Setting<bool> report_hostname({.env = "DD_TRACE_REPORT_HOSTNAME", .fallback = "false"});
constinit Setting<bool> wide_trace_ids({.env = "DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED",
                                        .fallback = "true"});
constinit Setting<bool> partial_flush({.env = "DD_TRACE_PARTIAL_FLUSH_ENABLED",
                                       .fallback = "true"});
constinit Setting<std::int64_t> partial_flush_min_spans({.env = "DD_TRACE_PARTIAL_FLUSH_MIN_SPANS",
                                                         .fallback = "300"});
constinit Setting<bool> remove_integration_services(
    {.env = "DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED", .fallback = "false"});
constinit Setting<bool> peer_service_defaults({.env = "DD_TRACE_PEER_SERVICE_DEFAULTS_ENABLED",
                                               .fallback = "false"});
constinit Setting<bool> process_tags_enabled(
    {.env = "DD_EXPERIMENTAL_PROPAGATE_PROCESS_TAGS_ENABLED",
     .fallback = "true",
     .words = Words::kYes});
constinit Setting<std::int64_t> rate_limit({.env = "DD_TRACE_RATE_LIMIT", .fallback = "100"});
constinit Setting<std::int64_t> datadog_tags_max_length(
    {.env = "DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH", .fallback = "512"});
constinit Setting<bool> otel_semantics({.env = "DD_TRACE_OTEL_SEMANTICS_ENABLED",
                                        .fallback = "false"});
constinit Setting<bool> otel_enabled({.env = "DD_TRACE_OTEL_ENABLED",
                                      .fallback = "false",
                                      .otel = "OTEL_SDK_DISABLED",
                                      .from_otel = opposite_from_otel});
constinit Setting<std::int64_t> traceback_max_frames({.env = "DD_TRACE_SPAN_TRACEBACK_MAX_SIZE",
                                                      .fallback = "30"});
constinit TextSetting schema({.env = "DD_TRACE_SPAN_ATTRIBUTE_SCHEMA", .fallback = "v0"});
constinit TextSetting peer_service_mapping({.env = "DD_TRACE_PEER_SERVICE_MAPPING"});
constinit TextSetting http_error_statuses({.env = "DD_TRACE_HTTP_SERVER_ERROR_STATUSES",
                                           .fallback = "500-599"});
constinit TextSetting query_obfuscation({.env = "DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP"});
constinit TextSetting client_ip_header({.env = "DD_TRACE_CLIENT_IP_HEADER"});
constinit Setting<bool> client_ip_enabled({.env = "DD_TRACE_CLIENT_IP_ENABLED",
                                           .fallback = "false"});
constinit TextSetting sampling_rules({.env = "DD_TRACE_SAMPLING_RULES",
                                      .otel = "OTEL_TRACES_SAMPLER",
                                      .from_otel = sampler_from_otel,
                                      .remote = "tracing_sampling_rules"});
constinit TextSetting span_sampling_rules({.env = "DD_SPAN_SAMPLING_RULES"});
constinit TextSetting span_sampling_rules_file({.env = "DD_SPAN_SAMPLING_RULES_FILE"});
constinit TextSetting extract_styles({.env = "DD_TRACE_PROPAGATION_STYLE_EXTRACT",
                                      .fallback = kStyles,
                                      .aliases = "DD_TRACE_PROPAGATION_STYLE",
                                      .otel = "OTEL_PROPAGATORS",
                                      .from_otel = styles_from_otel});
constinit TextSetting inject_styles({.env = "DD_TRACE_PROPAGATION_STYLE_INJECT",
                                     .fallback = kStyles,
                                     .aliases = "DD_TRACE_PROPAGATION_STYLE",
                                     .otel = "OTEL_PROPAGATORS",
                                     .from_otel = styles_from_otel});
constinit TextSetting extract_behavior({.env = "DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT",
                                        .fallback = "continue"});
constinit TextSetting baggage_tag_keys({.env = "DD_TRACE_BAGGAGE_TAG_KEYS",
                                        .fallback = "user.id,account.id,session.id"});
constinit Setting<bool> extract_first({.env = "DD_TRACE_PROPAGATION_EXTRACT_FIRST",
                                       .fallback = "false"});
constinit Setting<bool> legacy_baggage({.env = "DD_TRACE_PROPAGATION_HTTP_BAGGAGE_ENABLED",
                                        .fallback = "false"});
constinit TextSetting agent_url({.env = "DD_TRACE_AGENT_URL"});
constinit TextSetting agent_host({.env = "DD_TRACE_AGENT_HOSTNAME", .aliases = "DD_AGENT_HOST"});
constinit TextSetting agent_port({.env = "DD_TRACE_AGENT_PORT", .aliases = "DD_AGENT_PORT"});
constinit TextSetting api_version({.env = "DD_TRACE_API_VERSION"});
constinit Setting<double> agent_timeout_s({.env = "DD_TRACE_AGENT_TIMEOUT_SECONDS",
                                           .fallback = "2.0"});
constinit Setting<double> writer_interval_s({.env = "DD_TRACE_WRITER_INTERVAL_SECONDS",
                                             .fallback = "1.0"});
constinit Setting<std::int64_t> writer_buffer_bytes({.env = "DD_TRACE_WRITER_BUFFER_SIZE_BYTES",
                                                     .fallback = "20971520"});
constinit Setting<std::int64_t> writer_payload_bytes(
    {.env = "DD_TRACE_WRITER_MAX_PAYLOAD_SIZE_BYTES", .fallback = "20971520"});
constinit Setting<bool> git_metadata({.env = "DD_TRACE_GIT_METADATA_ENABLED", .fallback = "true"});
constinit Setting<bool> native_span_events({.env = "DD_TRACE_NATIVE_SPAN_EVENTS",
                                            .fallback = "false",
                                            .words = Words::kYes});
constinit Setting<bool> apm_tracing_enabled({.env = "DD_APM_TRACING_ENABLED",
                                             .fallback = "true",
                                             .words = Words::kYes});
constinit Setting<bool> stats_computation({.env = "DD_TRACE_STATS_COMPUTATION_ENABLED",
                                           .fallback = "false",
                                           .aliases = "DD_TRACE_COMPUTE_STATS"});
constinit TextSetting stats_additional_tags({.env = "DD_TRACE_STATS_ADDITIONAL_TAGS"});
constinit Setting<std::int64_t> stats_limit({.env = "DD_TRACE_STATS_CARDINALITY_LIMIT",
                                             .fallback = "7000"});
constinit Setting<std::int64_t> stats_resource_limit(
    {.env = "DD_TRACE_STATS_RESOURCE_CARDINALITY_LIMIT", .fallback = "1024"});
constinit Setting<std::int64_t> stats_endpoint_limit(
    {.env = "DD_TRACE_STATS_HTTP_ENDPOINT_CARDINALITY_LIMIT", .fallback = "512"});
constinit Setting<std::int64_t> stats_peer_limit(
    {.env = "DD_TRACE_STATS_PEER_TAGS_CARDINALITY_LIMIT", .fallback = "512"});
constinit Setting<std::int64_t> stats_additional_limit(
    {.env = "DD_TRACE_STATS_ADDITIONAL_TAGS_CARDINALITY_LIMIT", .fallback = "100"});
constinit Setting<bool> also_otlp({.env = "DD_TRACE_ALSO_OTLP", .fallback = "false"});
constinit Setting<bool> survive_kill({.env = "DD_TRACE_SURVIVE_KILL", .fallback = "false"});
constinit Setting<bool> report_unfinished({.env = "DD_TRACE_REPORT_UNFINISHED",
                                           .fallback = "false"});
constinit TextSetting also_file({.env = "DD_TRACE_ALSO_FILE"});
constinit TextSetting spill_directory({.env = "DD_TRACE_SPILL_DIRECTORY"});
constinit Setting<std::int64_t> spill_bytes({.env = "DD_TRACE_SPILL_MAX_BYTES",
                                             .fallback = "268435456"});
constinit TextSetting main_package({.env = "DD_MAIN_PACKAGE"});
constinit TextSetting git_repository({.env = "DD_GIT_REPOSITORY_URL"});
constinit TextSetting git_commit({.env = "DD_GIT_COMMIT_SHA"});

namespace {
SettingBase* const kTable[] = {&service,
                               &env,
                               &version,
                               &tags,
                               &service_mapping,
                               &patch_modules,
                               &header_tags,
                               &tracing_enabled,
                               &debug,
                               &logs_injection,
                               &report_hostname,
                               &wide_trace_ids,
                               &partial_flush,
                               &partial_flush_min_spans,
                               &remove_integration_services,
                               &peer_service_defaults,
                               &process_tags_enabled,
                               &rate_limit,
                               &datadog_tags_max_length,
                               &traceback_max_frames,
                               &otel_enabled,
                               &otel_semantics,
                               &schema,
                               &peer_service_mapping,
                               &http_error_statuses,
                               &query_obfuscation,
                               &client_ip_header,
                               &client_ip_enabled,
                               &sampling_rules,
                               &span_sampling_rules,
                               &span_sampling_rules_file,
                               &extract_styles,
                               &inject_styles,
                               &extract_behavior,
                               &baggage_tag_keys,
                               &extract_first,
                               &legacy_baggage,
                               &agent_url,
                               &agent_host,
                               &agent_port,
                               &api_version,
                               &agent_timeout_s,
                               &writer_interval_s,
                               &writer_buffer_bytes,
                               &writer_payload_bytes,
                               &git_metadata,
                               &git_repository,
                               &main_package,
                               &git_commit,
                               &native_span_events,
                               &apm_tracing_enabled,
                               &stats_computation,
                               &stats_additional_tags,
                               &stats_limit,
                               &stats_resource_limit,
                               &stats_endpoint_limit,
                               &stats_peer_limit,
                               &stats_additional_limit,
                               &spill_directory,
                               &spill_bytes,
                               &also_otlp,
                               &also_file,
                               &survive_kill,
                               &report_unfinished};
}  // namespace

std::span<SettingBase* const> core_settings() { return kTable; }

bool product_wanted(std::string_view name) {
  const auto value = variable("DD_" + std::string(name) + "_ENABLED");
  return value && *parse_flag(*value, Words::kYes);
}

bool apm_opt_out() {
  return !apm_tracing_enabled.get() && (product_wanted("APPSEC") || product_wanted("IAST") ||
                                        product_wanted("APPSEC_SCA") || product_wanted("AI_GUARD"));
}

}  // namespace dd::config
