// How the spans of integrations and their services are called.
//
// One object per process, made from the settings; immutable, read from any thread. What it answers
// are views into itself and into what it was asked with.
//
//     const Named named = naming.of_client({.integration = "requests", .fallback = "requests"});
//     span.set_service(named.service);  // and named.source into _dd.svc_src
//
// Source: engines.md sections 3 and 4.

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dd::contrib {

enum class Schema : unsigned char { kV0, kV1 };

struct NamingFacts {
  Schema schema = Schema::kV0;        // DD_TRACE_SPAN_ATTRIBUTE_SCHEMA
  bool only_process_service = false;  // DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED
  std::string service;                // of the process
  bool service_is_users = false;      // said by the user, not inferred
  std::vector<std::pair<std::string, std::string>> mapping;  // DD_SERVICE_MAPPING
};

// "a:b, c:d"; pieces without a colon are left out.
std::vector<std::pair<std::string, std::string>> parse_mapping(std::string_view text);

struct Operation {
  std::string_view v0, v1;  // "requests.request", "http.client.request"
};

struct NameQuestion {
  std::string_view integration;  // "requests"
  std::string_view fallback{};   // the service of schema v0, or empty
  std::string_view own{};        // DD_REQUESTS_SERVICE, or empty
  std::string_view domain{};     // the host, when services are split by domain
};

struct Named {
  std::string_view service;
  std::string_view source;  // "m", "opt.split_by_domain", "opt.service_mapping" or the integration
  std::string_view before{};  // of a mapped one: the source of what it was mapped from
};

class Naming {
 public:
  explicit Naming(NamingFacts facts);

  std::string_view operation(const Operation& names) const;
  // Work of this process: its service goes before the integration's when the user named it.
  Named of_server(const NameQuestion& question) const;
  // Work of others: the process' service never stands for them in schema v0.
  Named of_client(const NameQuestion& question) const;
  // What DD_SERVICE_MAPPING makes of a service that follows other rules.
  Named mapped(const Named& named) const;
  // Integrations have no services of their own.
  bool only_process() const { return facts_.schema == Schema::kV1 || facts_.only_process_service; }

  const NamingFacts& facts() const { return facts_; }

 private:
  std::string_view fallback(const NameQuestion& question) const;
  Named named(std::string_view service, const NameQuestion& question) const;
  const NamingFacts facts_;
};

}  // namespace dd::contrib
