#include "core/transport/intake_sink.h"

#include <algorithm>
#include <optional>

#include "core/base/log.h"
#include "core/config/core_settings.h"
#include "core/config/identity.h"
#include "core/config/parse.h"
#include "core/encoding/json_traces.h"
#include "core/stats/obfuscate.h"
#include "core/transport/agent.h"
#include "core/transport/container.h"
#include "core/transport/stats_sink.h"
#include "core/transport/zstd.h"

namespace dd::transport::intake {
namespace {

constexpr std::size_t kMostBuffer = 10 << 20;

constinit const encoding::IntakeFacts* intake_facts = nullptr;  // lives as long as the process

bool is_on(const char* name) {
  const auto text = config::variable(name);
  return text && *config::parse_flag(*text, config::Words::kYes);
}

bool is_asked_for() {
  return is_on("DD_AGENTLESS_ENABLED") || is_on("_DD_APM_TRACING_AGENTLESS_ENABLED");
}

std::string_view key() { return config::variable("DD_API_KEY").value_or(std::string_view()); }

std::string_view site() {
  const std::string_view text = config::variable("DD_SITE").value_or(std::string_view());
  return text.empty() ? "datadoghq.com" : text;
}

std::optional<std::string_view> elsewhere() {
  return config::variable("_DD_APM_TRACING_AGENTLESS_URL");
}

}  // namespace

bool wanted() {
  if (lacks_key())
    base::log(base::LogLevel::kWarning,
              "DD_AGENTLESS_ENABLED needs DD_API_KEY; traces go to the agent");
  return is_asked_for() && !key().empty();
}

bool lacks_key() { return is_asked_for() && key().empty(); }

std::string url() {
  const auto told = elsewhere();
  return told ? std::string(*told) : origin_of(site());
}

std::string origin_of(std::string_view site) {
  struct Known {
    std::string_view site, host;
  };
  constexpr Known kKnown[] = {{"datadoghq.com", "public-trace-http-intake.logs.datadoghq.com"},
                              {"datadoghq.eu", "public-trace-http-intake.logs.datadoghq.eu"},
                              {"datad0g.com", "public-trace-http-intake.logs.datad0g.com"},
                              {"us3.datadoghq.com", "trace.browser-intake-us3-datadoghq.com"},
                              {"us5.datadoghq.com", "trace.browser-intake-us5-datadoghq.com"},
                              {"ap1.datadoghq.com", "browser-intake-ap1-datadoghq.com"},
                              {"ap2.datadoghq.com", "browser-intake-ap2-datadoghq.com"},
                              {"uk1.datadoghq.com", "browser-intake-uk1-datadoghq.com"}};
  for (const Known& one : kKnown)
    if (one.site == site) return "https://" + std::string(one.host);
  // All dots but the last become dashes.
  std::string name(site);
  const std::size_t last = name.rfind('.');
  std::replace(name.begin(),
               name.begin() + static_cast<std::ptrdiff_t>(std::min(last, name.size())), '.', '-');
  base::log(base::LogLevel::kWarning, "DD_SITE=" + std::string(site.substr(0, 40)) +
                                          " is not a known site; its intake is taken to be "
                                          "browser-intake-" +
                                          name);
  return "https://browser-intake-" + name;
}

bool apply(Options& options, const agent_sink::Versions& versions) {
  options.url = url();
  options.buffer_bytes = std::min(options.buffer_bytes, kMostBuffer);
  options.chunk_bytes = std::min(options.chunk_bytes, kMostBuffer);
  options.attempts = 3;
  options.first_delay_ns = 1'000'000'000;
  options.headers = agent::tracer_headers();
  options.headers.emplace_back("dd-api-key", key());
  const Headers stats_headers = options.headers;
  options.headers.emplace_back("Datadog-Client-Computed-Top-Level", "true");
  options.compress = compress_zstd;
  options.tells_drops = false;
  options.on_rate = nullptr;
  options.on_response = nullptr;
  // On unless somebody says no.
  const bool counts =
      (config::stats_computation.get() || !config::stats_computation.is_set()) &&
      !config::apm_opt_out() &&
      stats_sink::apply_intake(
          options, elsewhere() ? options.url : "https://trace.agent." + std::string(site()),
          stats_headers,
          {.hostname = config::host_name(), .tracer_version = versions.tracer_version});
  intake_facts = new encoding::IntakeFacts{.hostname = config::host_name(),
                                           .language_version = versions.language_version,
                                           .tracer_version = versions.tracer_version,
                                           .container_id = container_identity().container_id,
                                           .statistics_come_too = counts,
                                           .tidy = stats::obfuscated,
                                           .query_of = stats::query_of};
  options.make_encoder = [] {
    return encoding::make_intake(
        []() -> const trace::ProcessFacts& { return trace::Tracer::get().facts(); }, *intake_facts);
  };
  return counts;
}

}  // namespace dd::transport::intake
