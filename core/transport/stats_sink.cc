#include "core/transport/stats_sink.h"

#include <algorithm>

#include "core/base/clock.h"
#include "core/config/core_settings.h"
#include "core/stats/concentrator.h"
#include "core/stats/trace_filter.h"
#include "core/trace/tracer.h"
#include "core/transport/agent.h"

namespace dd::transport::stats_sink {
namespace {

// The agent's protocol of resources that we obfuscate.
constexpr int kObfuscationVersion = 1;

// On the worker.
constinit stats::Concentrator* concentrator = nullptr;  // lives as long as the process
constinit stats::TraceFilter* filter = nullptr;         // null: the agent has not answered
constinit bool active = false;

std::size_t limit(const config::Setting<std::int64_t>& setting) {
  return static_cast<std::size_t>(std::clamp<std::int64_t>(setting.get(), 0, 1'000'000));
}

void choose(const AgentInfo& info) {
  active = info.client_drop_p0s && info.has_endpoint("/v0.6/stats");
  stats::Rules rules;
  rules.peer_tags = info.peer_tags;
  rules.span_kinds = info.span_kinds_stats_computed;
  rules.additional_tags = config::parse_list(config::stats_additional_tags.get());
  std::sort(rules.additional_tags.begin(), rules.additional_tags.end());
  if (rules.additional_tags.size() > 4) rules.additional_tags.resize(4);
  rules.big_resource = std::find(info.feature_flags.begin(), info.feature_flags.end(),
                                 "big_resource") != info.feature_flags.end();
  rules.obfuscate = info.obfuscation_version == kObfuscationVersion;
  rules.max_groups = limit(config::stats_limit);
  rules.max_resources = limit(config::stats_resource_limit);
  rules.max_endpoints = limit(config::stats_endpoint_limit);
  rules.max_peers = limit(config::stats_peer_limit);
  rules.max_additional = limit(config::stats_additional_limit);
  concentrator->set_rules(std::move(rules));
  delete filter;
  filter = new stats::TraceFilter({.require = info.filter_tags_require,
                                   .reject = info.filter_tags_reject,
                                   .require_regex = info.filter_tags_regex_require,
                                   .reject_regex = info.filter_tags_regex_reject,
                                   .ignore_resources = info.ignore_resources});
}

Screened screen(trace::Delivery& delivery) {
  if (!active) return Screened::kSend;
  if (filter->drops(delivery)) {
    delivery.count = 0;
    return Screened::kFiltered;
  }
  concentrator->add(delivery);
  concentrator->screen(delivery);
  return Screened::kSend;
}

void send(bool last) {
  for (stats::StatsPayload& payload :
       concentrator->flush(base::wall_ns(), last, trace::Tracer::get().facts())) {
    Headers headers = agent::tracer_headers();
    headers.emplace_back("Content-Type", "application/msgpack");
    if (payload.obfuscated)
      headers.emplace_back("Datadog-Obfuscation-Version", std::to_string(kObfuscationVersion));
    agent::destination()->submit(
        {.target = "/v0.6/stats", .headers = std::move(headers), .body = std::move(payload.body)},
        {});
  }
}

void add_headers(Headers& headers) {
  agent::add_headers(headers);
  if (active) headers.emplace_back("Datadog-Client-Computed-Stats", "true");
}

}  // namespace

bool wanted() { return config::stats_computation.get() && !config::apm_opt_out(); }

void apply(Options& options) {
  concentrator = new stats::Concentrator;
  options.screen = screen;
  options.add_headers = add_headers;
}

void start() {
  static Timer every_bucket(stats::Concentrator::kBucketNs, send);
  agent::on_info(choose);
  every_bucket.start();
  agent::ask_info();
}

}  // namespace dd::transport::stats_sink
