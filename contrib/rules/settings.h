// What the user wants of integrations, read once from wherever settings come from and kept for the
// life of the process. Immutable afterwards; any thread. Hot paths read fields, never variables.

#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contrib/rules/naming.h"
#include "contrib/rules/switches.h"
#include "core/http/header_tags.h"
#include "core/http/redact.h"
#include "core/http/status_ranges.h"

namespace dd::contrib {

// Gives the text of a setting by its variable; empty when nobody set it.
using Lookup = std::optional<std::string> (*)(std::string_view variable);

struct ProcessName {
  std::string service;
  bool is_users = false;  // said by the user, not inferred
};

// What statements tell their database: DD_DBM_PROPAGATION_MODE.
enum class SqlComments : unsigned char { kNone, kService, kFull, kDynamicService };

// Which requests tell the shape of their path: DD_TRACE_RESOURCE_RENAMING_ENABLED.
enum class Endpoints : unsigned char { kNever, kWithoutRoute, kAlways };

class Settings {
 public:
  Settings(Lookup lookup, ProcessName process);
  ~Settings();
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  const Naming naming;
  const Switches switches;
  const http::HeaderTags header_tags;           // DD_TRACE_HEADER_TAGS
  const http::StatusRanges error_statuses;      // DD_TRACE_HTTP_SERVER_ERROR_STATUSES
  const http::QueryRedactor& redactor() const;  // compiled when first asked for
  const bool show_server_query;                 // DD_HTTP_SERVER_TAG_QUERY_STRING
  const bool show_client_query;                 // DD_TRACE_HTTP_CLIENT_TAG_QUERY_STRING
  const bool tell_client_ip;                    // DD_TRACE_CLIENT_IP_ENABLED
  const std::string client_ip_header;           // DD_TRACE_CLIENT_IP_HEADER
  const Endpoints endpoints;
  const bool infers_proxies;  // DD_TRACE_INFERRED_PROXY_SERVICES_ENABLED
  // Of websockets: DD_TRACE_WEBSOCKET_MESSAGES_ENABLED, _INHERIT_SAMPLING, _SEPARATE_TRACES.
  const bool trace_messages, messages_inherit, messages_apart;
  const bool tell_code_origin;  // DD_CODE_ORIGIN_FOR_SPANS_ENABLED
  const bool log_injection;     // DD_LOGS_INJECTION
  const SqlComments comments;
  const bool comment_tells_hash;   // DD_DBM_INJECT_SQL_BASEHASH
  const bool only_known_versions;  // DD_TRACE_SAFE_INSTRUMENTATION_ENABLED

  // What the application's code wants of one integration's requests, on top of the above.
  struct OwnHttp {
    std::string section;  // as in variables: "FLASK"; empty for all
    http::HeaderTags headers;
    std::optional<bool> tells_query;  // http.query.string; nullopt: as for all
    std::optional<bool> shows_query;  // in http.url; nullopt: as for all
  };
  std::vector<OwnHttp> own_http;  // filled before the settings are in force

  // The text of a setting by its variable; empty when nobody set it.
  std::optional<std::string> text(std::string_view variable) const { return lookup_(variable); }

  // Of one integration: whether it is on, and what DD_<NAME>_<KNOB> says.
  bool on(std::string_view integration, bool by_default, std::optional<bool> argument = {}) const;
  std::string own_service(std::string_view section) const;
  std::optional<std::string> text(std::string_view section, std::string_view knob) const;
  bool knob(std::string_view section, std::string_view knob, bool fallback) const;
  long long number(std::string_view section, std::string_view knob, long long fallback) const;

 private:
  const Lookup lookup_;
  const std::string query_pattern_;
  mutable std::atomic<const http::QueryRedactor*> redactor_{nullptr};
};

}  // namespace dd::contrib
