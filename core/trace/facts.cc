#include "core/trace/facts.h"

#include <algorithm>
#include <utility>

#include "core/config/core_settings.h"
#include "core/config/identity.h"
#include "core/config/serverless.h"

namespace dd::trace {

std::string without_credentials(std::string url) {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return url;
  const std::size_t end = std::min(url.find('/', scheme + 3), url.size());
  const std::size_t at = url.substr(0, end).rfind('@');
  if (at != url.npos && at > scheme) url.erase(scheme + 3, at - scheme - 2);
  return url;
}

ProcessFacts facts_from_settings(std::span<const std::string_view> arguments) {
  ProcessFacts facts;
  facts.service = config::service.get();
  facts.env = config::env.get();
  facts.version = config::version.get();
  facts.git_repository = config::git_repository.get();
  facts.git_commit = config::git_commit.get();
  const auto fill = [](std::string& field, const std::string& value) {
    if (field.empty()) field = value;
  };
  for (const auto& [key, value] : config::parse_pairs(config::tags.get())) {
    if (key == "service") {
      fill(facts.service, value);
    } else if (key == "version") {
      fill(facts.version, value);
    } else if (key == "git.repository_url") {
      fill(facts.git_repository, value);
    } else if (key == "git.commit.sha") {
      fill(facts.git_commit, value);
    } else if (key == "env") {
      fill(facts.env, value);  // carried as a bit, not as a tag of its own
    } else {
      facts.tags.emplace_back(key, value);
    }
  }
  facts.git_repository = without_credentials(std::move(facts.git_repository));
  if (!config::git_metadata.get()) facts.git_repository = facts.git_commit = "";
  const bool given = !facts.service.empty();
  std::string inferred = facts.service;
  if (!given) {
    facts.service = config::infer_service(arguments);
    facts.service_is_inferred = true;
    inferred = facts.service;
    if (std::string function = config::function_name(); !function.empty()) {
      facts.service = std::move(function);
      facts.service_is_inferred = false;
    }
    const bool named = config::schema.get() == "v1" || config::remove_integration_services.get();
    if (facts.service.empty() && named) facts.service = "unnamed-python-service";
  }
  if (config::process_tags_enabled.get())
    facts.process_tags = config::process_tags(arguments, inferred, given);
  facts.service_mapping = config::parse_pairs(config::service_mapping.get());
  facts.peer_service_mapping = config::parse_pairs(config::peer_service_mapping.get());
  facts.peer_service_defaults = config::peer_service_defaults.get() || config::schema.get() == "v1";
  facts.otel_semantics = config::otel_semantics.get();
  read_changeable(facts);
  return facts;
}

void read_changeable(ProcessFacts& facts) {
  facts.hostname = config::report_hostname.get() ? config::host_name() : "";
  facts.wide_trace_ids = config::wide_trace_ids.get();
  facts.partial_flush_min = config::partial_flush.get()
                                ? static_cast<std::uint32_t>(std::clamp<std::int64_t>(
                                      config::partial_flush_min_spans.get(), 1, 1'000'000))
                                : 0;
  // What is finished goes, whether its trace is or not.
  if (config::survive_kill.get() && !config::partial_flush_min_spans.is_set())
    facts.partial_flush_min = 1;
}

}  // namespace dd::trace
