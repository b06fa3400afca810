#include "core/transport/agent_sink.h"

#include <unistd.h>

#include <algorithm>

#include "core/base/log.h"
#include "core/config/core_settings.h"
#include "core/config/parse.h"
#include "core/config/serverless.h"
#include "core/sampling/sampling.h"
#include "core/trace/tracer.h"
#include "core/transport/address.h"
#include "core/transport/agent.h"
#include "core/transport/exporter.h"
#include "core/transport/file_sink.h"
#include "core/transport/intake_sink.h"
#include "core/transport/otlp_sink.h"
#include "core/transport/stats_sink.h"

namespace dd::transport::agent_sink {
namespace {

constexpr const char* kSocket = "/var/run/datadog/apm.socket";

constinit Exporter* the_exporter = nullptr;  // these live as long as the process
constinit Exporter* the_second = nullptr;    // to a collector, besides the agent
constinit FileSink* the_file = nullptr;

const trace::ProcessFacts& facts() { return trace::Tracer::get().facts(); }

// On the worker: the empty key begins (0) and ends (-1) a table.
void keep_rate(std::string_view key, double rate) {
  static thread_local sampling::Rates rates;
  if (!key.empty())
    rates.insert_or_assign(std::string(key), rate);
  else if (rate < 0)
    sampling::update_agent_rates(std::move(rates));
  else
    rates.clear();
}

// "name:value, name:value", of which only the token of a test session is taken. It can be replaced
// later.
void take_written_headers(std::string_view text) {
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const std::size_t colon = one.find(':');
    if (colon == one.npos) continue;
    const std::string_view name = config::trim(one.substr(0, colon));
    const std::string_view value = config::trim(one.substr(colon + 1));
    if (config::same_ignoring_case(name, "X-Datadog-Test-Session-Token"))
      agent::set_test_session_token(std::string(value));
  }
}

// What goes with everything the tracer sends. Empty values are left out.
Headers tracer_headers(const Versions& versions) {
  Headers out = {{"User-Agent", "Tracer/11.0.0"}, {"Datadog-Meta-Lang", "python"}};
  const auto add = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out.emplace_back(name, value);
  };
  add("Datadog-Meta-Lang-Version", versions.language_version);
  add("Datadog-Meta-Lang-Interpreter", "CPython");
  add("Datadog-Meta-Tracer-Version", versions.tracer_version);
  return out;
}

// An agent that says it does not know v0.5 is spared the attempt, and the payload its loss.
void choose_version(const AgentInfo& info) {
  if (info.has_endpoint("/v0.4/traces") && !info.has_endpoint("/v0.5/traces"))
    the_exporter->use_v04();
}

// Sizes of zero and below are not understood; the default stays.
std::size_t size_of(const config::Setting<std::int64_t>& setting, std::size_t otherwise) {
  const std::int64_t bytes = setting.get();
  if (bytes > 0) return static_cast<std::size_t>(bytes);
  base::log(base::LogLevel::kWarning, std::string(setting.spec().env) + "=" +
                                          std::to_string(bytes) + " is not above zero; using " +
                                          std::to_string(otherwise));
  return otherwise;
}

std::int64_t duration_of(const config::Setting<double>& setting, std::int64_t otherwise) {
  const double seconds = setting.get();
  return seconds > 0 && seconds < 3600 ? static_cast<std::int64_t>(seconds * 1e9) : otherwise;
}

// What only v0.4 carries (structured tags, native events) decides before the user does.
bool wants_v05() {
  if (config::native_span_events.get()) return false;
  if (config::in_google_function() || config::in_azure_function()) return false;
  for (const char* product : {"APPSEC", "IAST", "LLMOBS", "AI_GUARD"})
    if (config::product_wanted(product)) return false;
  const std::string_view version = config::api_version.get();
  if (!version.empty() && version != "v0.4" && version != "v0.5")
    base::log(base::LogLevel::kWarning,
              "DD_TRACE_API_VERSION=" + std::string(version.substr(0, 20)) +
                  " is not supported; v0.5 is used (there are v0.4 and v0.5)");
  return version != "v0.4";
}

// Null: not wanted.
Health* make_health(const std::string& url) {
  const auto wanted = config::variable("DD_TRACE_HEALTH_METRICS_ENABLED");
  if (url.empty() || !wanted || !config::parse_bool(*wanted).value_or(false)) return nullptr;
  std::string tags;
  const auto add = [&tags](const char* key, const std::string& value) {
    if (!value.empty()) tags.append(tags.empty() ? "" : ",").append(config::statsd_tag(key, value));
  };
  add("env", facts().env);
  add("service", facts().service);
  add("version", facts().version);
  return new Health(url, std::move(tags));  // lives as long as the process
}

// A collector that cannot be used costs the agent nothing.
void start_second(Options options, const Versions& versions) {
  otlp::apply(options, versions.tracer_version);
  auto made = Exporter::make(std::move(options));
  if (!made.ok()) return base::log(base::LogLevel::kWarning, made.status().message());
  the_second = std::move(made).value().release();
  trace::Tracer::get().add_sink(the_second);
}

}  // namespace

std::string agent_url() {
  // What cannot be used is as if it was not set: the user was told (config/explain.h).
  const std::string_view url = config::agent_url.get();
  if (!url.empty() && parse_agent_url(url).ok()) return std::string(url);
  std::string_view host = config::agent_host.get();
  std::string_view port = config::agent_port.get();
  if (host.find_first_of("/ \t") != host.npos) host = {};
  if (!config::is_port(port)) port = {};
  if (host.empty() && port.empty() && access(kSocket, F_OK) == 0)
    return "unix://" + std::string(kSocket);
  const bool v6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  std::string made = "http://";
  made += v6 ? "[" + std::string(host) + "]" : std::string(host.empty() ? "localhost" : host);
  return made + ":" + std::string(port.empty() ? "8126" : port);
}

Status start(const Versions& versions) {
  Headers headers = tracer_headers(versions);
  if (Status ready = agent::set_up(agent_url(), headers); !ready.ok()) return ready;
  headers.emplace_back("Datadog-Client-Computed-Top-Level", "true");
  headers.emplace_back("Datadog-Send-Real-Http-Status", "1");
  // The agent must not compute statistics of what was not asked to be traced.
  if (config::apm_opt_out()) headers.emplace_back("Datadog-Client-Computed-Stats", "true");
  if (const auto more = config::variable("_DD_TRACE_WRITER_ADDITIONAL_HEADERS"))
    take_written_headers(*more);
  Options options;
  options.url = agent_url();
  options.buffer_bytes = size_of(config::writer_buffer_bytes, options.buffer_bytes);
  options.chunk_bytes = size_of(config::writer_payload_bytes, options.chunk_bytes);
  options.interval_ns = duration_of(config::writer_interval_s, options.interval_ns);
  options.timeout_ns = duration_of(config::agent_timeout_s, options.timeout_ns);
  options.native_events = config::native_span_events.get();
  options.v05 = wants_v05();
  options.headers = std::move(headers);
  options.facts = facts;
  const auto shown = config::variable("_DD_TRACE_WRITER_LOG_ERROR_PAYLOADS");
  options.shows_lost = shown && config::parse_bool(*shown).value_or(false);
  options.on_rate = keep_rate;
  options.on_response = agent::hear;
  options.on_sent = versions.on_sent;
  options.on_failed = versions.on_failed;
  options.look = versions.look;
  options.at_once = config::sends_at_once();
  options.add_headers = agent::add_headers;
  const bool to_intake = intake::wanted();
  const bool to_collector = !to_intake && otlp::wanted();
  const bool to_agent = !to_intake && !to_collector;
  const bool intake_counts = to_intake && intake::apply(options, versions);
  if (to_collector) otlp::apply(options, versions.tracer_version);
  if (const std::string_view directory = config::spill_directory.get(); !directory.empty())
    options.spill = new Spill(std::string(directory),  // lives as long as the process
                              size_of(config::spill_bytes, 256 << 20));
  if (config::survive_kill.get()) {
    options.estate = new Estate(options.url, options.buffer_bytes);  // as long as the process
    Worker::get().set_slice(Estate::kLookNs);
  }
  if (!to_intake) options.health = make_health(versions.statsd_url);
  const bool to_metrics =
      !to_intake && stats_sink::wanted_by_collector() &&
      stats_sink::apply_collector(options, versions.tracer_version, to_collector);
  const bool wants_stats = stats_sink::wanted() && to_agent && !to_metrics;
  if (wants_stats) stats_sink::apply(options);
  auto made = Exporter::make(std::move(options));
  if (!made.ok()) return made.status();
  the_exporter = std::move(made).value().release();
  if (to_agent) agent::on_info(choose_version);
  Worker::get().on_start(versions.on_start);
  if (wants_stats || intake_counts || to_metrics) {
    stats_sink::start();
    trace::ProcessFacts known = facts();
    known.kept_spans_tell_trace = true;
    trace::Tracer::get().set_facts(std::move(known));
  }
  trace::Tracer::get().add_sink(the_exporter);
  if (const std::string_view path = config::also_file.get(); !path.empty()) {
    the_file = new FileSink(std::string(path));
    trace::Tracer::get().add_sink(the_file);
  }
  if (to_agent && otlp::besides()) {
    Options second;
    second.buffer_bytes = size_of(config::writer_buffer_bytes, second.buffer_bytes);
    second.chunk_bytes = size_of(config::writer_payload_bytes, second.chunk_bytes);
    second.interval_ns = duration_of(config::writer_interval_s, second.interval_ns);
    start_second(std::move(second), versions);
  }
  return {};
}

bool flush(std::int64_t timeout_ns) {
  bool clean = true;
  settle();
  for (Exporter* const one : {the_exporter, the_second})
    if (one) clean = one->flush(timeout_ns) && clean;
  if (the_file) clean = the_file->flush(timeout_ns) && clean;
  return clean;
}
bool flush_suddenly(std::int64_t timeout_ns) {
  bool clean = true;
  settle();
  for (Exporter* const one : {the_exporter, the_second})
    if (one) clean = one->flush_suddenly(timeout_ns) && clean;
  if (the_file) clean = the_file->flush(timeout_ns / 8) && clean;
  return clean;
}
void settle() { stats_sink::settle(); }
void shutdown(std::int64_t timeout_ns) {
  settle();
  if (the_exporter) Worker::get().shutdown(timeout_ns);
}
Exporter* exporter() { return the_exporter; }

}  // namespace dd::transport::agent_sink
