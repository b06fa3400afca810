#include "core/transport/stats_sink.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/config/core_settings.h"
#include "core/config/serverless.h"
#include "core/stats/trace_filter.h"
#include "core/trace/tracer.h"
#include "core/transport/agent.h"
#include "core/transport/otlp_sink.h"
#include "core/transport/zstd.h"

namespace dd::transport::stats_sink {
namespace {

// The agent's protocol of resources that we obfuscate.
constexpr int kObfuscationVersion = 1;

// On the worker.
constinit stats::Concentrator* concentrator = nullptr;  // lives as long as the process
constinit stats::TraceFilter* filter = nullptr;         // null: the agent has not answered
constinit bool active = false;
// Who gets them; null: the agent. It lives as long as the process.
struct Place {
  Destination* destination;
  Headers headers;
  std::string target;
  std::int64_t timeout_ns;
  stats::Sender sender;
};
constinit const Place* place = nullptr;
constinit std::atomic<std::uint32_t> flush_wanted{0}, flush_done{0};

std::size_t limit(const config::Setting<std::int64_t>& setting) {
  return static_cast<std::size_t>(std::clamp<std::int64_t>(setting.get(), 0, 1'000'000));
}

stats::Rules rules_from_settings() {
  stats::Rules rules;
  rules.additional_tags = config::parse_list(config::stats_additional_tags.get());
  std::sort(rules.additional_tags.begin(), rules.additional_tags.end());
  if (rules.additional_tags.size() > 4) rules.additional_tags.resize(4);
  rules.max_groups = limit(config::stats_limit);
  rules.max_resources = limit(config::stats_resource_limit);
  rules.max_endpoints = limit(config::stats_endpoint_limit);
  rules.max_peers = limit(config::stats_peer_limit);
  rules.max_additional = limit(config::stats_additional_limit);
  return rules;
}

void choose(const AgentInfo& info) {
  active = info.client_drop_p0s && info.has_endpoint("/v0.6/stats");
  stats::Rules rules = rules_from_settings();
  rules.peer_tags = info.peer_tags;
  rules.span_kinds = info.span_kinds_stats_computed;
  rules.big_resource = std::find(info.feature_flags.begin(), info.feature_flags.end(),
                                 "big_resource") != info.feature_flags.end();
  rules.obfuscate = info.obfuscation_version == kObfuscationVersion;
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
  if (filter && filter->drops(delivery)) {
    delivery.count = 0;
    return Screened::kFiltered;
  }
  concentrator->add(delivery);
  concentrator->screen(delivery);
  return Screened::kSend;
}

// Shorter ones are for tests.
std::int64_t bucket_ns() {
  const auto text = config::variable("_DD_TRACE_STATS_WRITER_INTERVAL");
  const double seconds = config::parse_double(text.value_or("")).value_or(0);
  if (seconds < 0.1 || seconds > 3600) return stats::Concentrator::kBucketNs;
  return static_cast<std::int64_t>(seconds * 1e9);
}

void send_elsewhere(std::string body) {
  const bool json = place->sender.collector;
  Headers headers = place->headers;
  headers.emplace_back("Content-Type", json ? "application/json" : "application/msgpack");
  std::string small;
  if (!json && compress_zstd(body, small)) {
    headers.emplace_back("Content-Encoding", "zstd");
    body = std::move(small);
  }
  place->destination->submit({.target = place->target,
                              .headers = std::move(headers),
                              .body = std::move(body),
                              .timeout_ns = place->timeout_ns},
                             {});
}

void send(bool last) {
  const std::uint32_t wanted = flush_wanted.load();
  const bool all = last || wanted != flush_done.load(std::memory_order_relaxed);
  for (stats::StatsPayload& payload : concentrator->flush(
           base::wall_ns(), all, trace::Tracer::get().facts(), place ? &place->sender : nullptr)) {
    if (place) {
      send_elsewhere(std::move(payload.body));
      continue;
    }
    Headers headers = agent::tracer_headers();
    headers.emplace_back("Content-Type", "application/msgpack");
    if (payload.obfuscated)
      headers.emplace_back("Datadog-Obfuscation-Version", std::to_string(kObfuscationVersion));
    agent::destination()->submit(
        {.target = "/v0.6/stats", .headers = std::move(headers), .body = std::move(payload.body)},
        {});
  }
  flush_done.store(wanted);
  futex_wake(flush_done);
}

Timer& timer() {
  static Timer every_bucket(bucket_ns(), send);
  return every_bucket;
}

Screened screen_for_collector(trace::Delivery& delivery) {
  concentrator->add(delivery);
  return otlp::screen(delivery);
}

// On from the first trace: nobody is asked. False: there is no such place.
bool send_to(Place wanted, const std::string& url) {
  auto made = Destination::make(url, {});
  if (!made.ok()) {
    base::log(base::LogLevel::kWarning, made.status().message());
    return false;
  }
  wanted.destination = std::move(made).value().release();
  place = new Place(std::move(wanted));
  concentrator = new stats::Concentrator(base::wall_ns(), bucket_ns());
  active = true;
  return true;
}

void add_headers(Headers& headers) {
  agent::add_headers(headers);
  if (active) headers.emplace_back("Datadog-Client-Computed-Stats", "true");
}

}  // namespace

bool wanted() {
  const config::Setting<bool>& setting = config::stats_computation;
  return !config::apm_opt_out() &&
         (setting.is_set() ? setting.get()
                           : config::in_google_function() || config::in_azure_function());
}

bool wanted_by_collector() {
  const auto said = config::variable("OTEL_TRACES_SPAN_METRICS_ENABLED");
  if (const auto on = said ? config::parse_bool(*said) : std::nullopt) return *on;
  const auto metrics = config::variable("DD_METRICS_OTEL_ENABLED");
  return otlp::wanted() && metrics && config::parse_bool(*metrics).value_or(false);
}

bool apply_intake(Options& options, const std::string& url, Headers headers, stats::Sender from) {
  constexpr std::int64_t kTimeoutNs = 10'000'000'000;
  if (!send_to({.headers = std::move(headers),
                .target = "/api/v0.2/stats",
                .timeout_ns = kTimeoutNs,
                .sender = std::move(from)},
               url))
    return false;
  stats::Rules rules = rules_from_settings();
  rules.obfuscate = true;
  concentrator->set_rules(std::move(rules));
  options.screen = screen;
  return true;
}

bool apply_collector(Options& options, const std::string& tracer_version, bool traces_too) {
  otlp::Collector collector = otlp::metrics_collector();
  if (!send_to({.headers = std::move(collector.headers),
                .target = std::move(collector.endpoint.path),
                .timeout_ns = collector.timeout_ns,
                .sender = {.hostname = {}, .tracer_version = tracer_version, .collector = true}},
               collector.endpoint.origin))
    return false;
  concentrator->set_rules(rules_from_settings());
  if (traces_too) {
    options.headers.emplace_back("Datadog-Client-Computed-Stats", "yes");
    options.screen = screen_for_collector;
  } else {
    options.screen = screen;
    options.add_headers = add_headers;
  }
  return true;
}

void apply(Options& options) {
  concentrator = new stats::Concentrator(base::wall_ns(), bucket_ns());
  options.screen = screen;
  options.add_headers = add_headers;
}

void settle() {
  constexpr std::int64_t kPatienceNs = 60'000'000;
  if (concentrator && !place) agent::await_first_answer(kPatienceNs);
}

void flush(std::int64_t timeout_ns) {
  const std::int64_t until = base::monotonic_ns() + timeout_ns;
  if (!concentrator || !Worker::get().running()) return;
  const std::uint32_t mine = flush_wanted.fetch_add(1) + 1;
  timer().call_now();
  for (;;) {
    const std::uint32_t done = flush_done.load();
    const std::int64_t left = until - base::monotonic_ns();
    if (left <= 0 || !Worker::get().running()) return;
    if (static_cast<std::int32_t>(done - mine) >= 0) {
      (void)(place ? place->destination : agent::destination())->wait(left);
      return;
    }
    futex_wait(flush_done, done, left);
  }
}

void start() {
  if (!place) agent::on_info(choose);
  timer().start();
  if (!place) agent::ask_info();
}

}  // namespace dd::transport::stats_sink
