#include "contrib/rules/settings.h"

#include <charconv>
#include <memory>

#include "core/config/parse.h"

namespace dd::contrib {
namespace {

std::string text_or_empty(Lookup lookup, std::string_view variable) {
  return lookup(variable).value_or(std::string());
}

bool yes(Lookup lookup, std::string_view variable, bool fallback) {
  const std::optional<std::string> value = lookup(variable);
  return value ? means_yes(*value) : fallback;
}

bool wants_log_injection(Lookup lookup) {
  const std::optional<std::string> value = lookup("DD_LOGS_INJECTION");
  return !value || *config::parse_flag(*value, config::Words::kStructured);
}

NamingFacts naming_facts(Lookup lookup, ProcessName process) {
  NamingFacts facts;
  facts.schema =
      text_or_empty(lookup, "DD_TRACE_SPAN_ATTRIBUTE_SCHEMA") == "v1" ? Schema::kV1 : Schema::kV0;
  facts.only_process_service =
      yes(lookup, "DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED", false);
  facts.service = std::move(process.service);
  facts.service_is_users = process.is_users;
  facts.mapping = parse_mapping(text_or_empty(lookup, "DD_SERVICE_MAPPING"));
  return facts;
}

std::string variable(std::string_view section, std::string_view knob) {
  std::string out = switch_variable(section);  // DD_TRACE_<SECTION>_ENABLED
  out.replace(0, std::string_view("DD_TRACE_").size(), "DD_");
  out.resize(out.size() - std::string_view("ENABLED").size());
  return out.append(knob);
}

Endpoints endpoints_told(Lookup lookup) {
  if (!yes(lookup, "DD_TRACE_RESOURCE_RENAMING_ENABLED", false)) return Endpoints::kNever;
  return yes(lookup, "DD_TRACE_RESOURCE_RENAMING_ALWAYS_SIMPLIFIED_ENDPOINT", false)
             ? Endpoints::kAlways
             : Endpoints::kWithoutRoute;
}

SqlComments sql_comments(std::string_view mode) {
  if (mode == "service") return SqlComments::kService;
  if (mode == "full") return SqlComments::kFull;
  return mode == "dynamic_service" ? SqlComments::kDynamicService : SqlComments::kNone;
}

}  // namespace

Settings::Settings(Lookup lookup, ProcessName process)
    : naming(naming_facts(lookup, std::move(process))),
      switches(text_or_empty(lookup, "DD_PATCH_MODULES")),
      header_tags(text_or_empty(lookup, "DD_TRACE_HEADER_TAGS")),
      error_statuses(
          lookup("DD_TRACE_HTTP_SERVER_ERROR_STATUSES").value_or(std::string("500-599"))),
      show_server_query(yes(lookup, "DD_HTTP_SERVER_TAG_QUERY_STRING", true)),
      show_client_query(yes(lookup, "DD_TRACE_HTTP_CLIENT_TAG_QUERY_STRING", true)),
      tell_client_ip(yes(lookup, "DD_TRACE_CLIENT_IP_ENABLED", false)),
      client_ip_header(text_or_empty(lookup, "DD_TRACE_CLIENT_IP_HEADER")),
      endpoints(endpoints_told(lookup)),
      infers_proxies(yes(lookup, "DD_TRACE_INFERRED_PROXY_SERVICES_ENABLED",
                         yes(lookup, "DD_TRACE_INFERRED_SPANS_ENABLED", false))),
      trace_messages(yes(lookup, "DD_TRACE_WEBSOCKET_MESSAGES_ENABLED",
                         yes(lookup, "DD_ASGI_TRACE_WEBSOCKET", true))),
      messages_inherit(yes(lookup, "DD_TRACE_WEBSOCKET_MESSAGES_INHERIT_SAMPLING", true)),
      messages_apart(yes(lookup, "DD_TRACE_WEBSOCKET_MESSAGES_SEPARATE_TRACES", true)),
      tell_code_origin(yes(lookup, "DD_CODE_ORIGIN_FOR_SPANS_ENABLED", true)),
      log_injection(wants_log_injection(lookup)),
      comments(sql_comments(text_or_empty(lookup, "DD_DBM_PROPAGATION_MODE"))),
      comment_tells_hash(yes(lookup, "DD_DBM_INJECT_SQL_BASEHASH", false)),
      only_known_versions(yes(lookup, "DD_TRACE_SAFE_INSTRUMENTATION_ENABLED", false)),
      lookup_(lookup),
      query_pattern_(lookup("DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP")
                         .value_or(std::string(http::kDefaultQueryPattern))) {}

Settings::~Settings() { delete redactor_.load(std::memory_order_acquire); }

const http::QueryRedactor& Settings::redactor() const {
  // Programs without query strings never pay for a pattern. Two threads that meet here compile it
  // twice and keep one: nothing is locked that a fork could leave locked.
  const http::QueryRedactor* made = redactor_.load(std::memory_order_acquire);
  if (made) return *made;
  auto mine = std::make_unique<const http::QueryRedactor>(query_pattern_);
  if (redactor_.compare_exchange_strong(made, mine.get(), std::memory_order_acq_rel))
    return *mine.release();
  return *made;
}

bool Settings::on(std::string_view integration, bool by_default,
                  std::optional<bool> argument) const {
  const std::optional<std::string> value = lookup_(switch_variable(integration));
  return switches.on(integration, by_default, argument,
                     value ? std::optional<std::string_view>(*value) : std::nullopt);
}

std::optional<std::string> Settings::text(std::string_view section, std::string_view knob) const {
  return lookup_(variable(section, knob));
}

std::string Settings::own_service(std::string_view section) const {
  const std::optional<std::string> named = text(section, "SERVICE");
  return named ? *named : text_or_empty(lookup_, variable(section, "SERVICE_NAME"));
}

long long Settings::number(std::string_view section, std::string_view knob,
                           long long fallback) const {
  const std::string written = text_or_empty(lookup_, variable(section, knob));
  long long value = 0;
  const auto end = std::from_chars(written.data(), written.data() + written.size(), value);
  return end.ec == std::errc() && end.ptr == written.data() + written.size() ? value : fallback;
}

bool Settings::knob(std::string_view section, std::string_view knob, bool fallback) const {
  return yes(lookup_, variable(section, knob), fallback);
}

}  // namespace dd::contrib
