#include "core/transport/agent_sink.h"

#include <unistd.h>

#include "core/base/log.h"
#include "core/config/core_settings.h"
#include "core/sampling/sampling.h"
#include "core/trace/tracer.h"
#include "core/transport/exporter.h"

namespace dd::transport::agent_sink {
namespace {

constexpr const char* kSocket = "/var/run/datadog/apm.socket";

constinit Exporter* the_exporter = nullptr;  // lives as long as the process

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

// "name:value, name:value"
void add_headers(std::string_view text, Options& options) {
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view one = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (const std::size_t colon = one.find(':'); colon != std::string_view::npos)
      options.headers.emplace_back(one.substr(0, colon), one.substr(colon + 1));
  }
}

// What only v0.4 carries (structured tags, native events) decides before the user does.
bool wants_v05() {
  if (config::native_span_events.get()) return false;
  for (const char* product : {"DD_APPSEC_ENABLED", "DD_IAST_ENABLED", "DD_LLMOBS_ENABLED",
                              "DD_AI_GUARD_ENABLED"}) {
    const auto value = config::variable(product);
    if (value && config::parse_bool(*value).value_or(false)) return false;
  }
  const std::string_view version = config::api_version.get();
  if (!version.empty() && version != "v0.4" && version != "v0.5")
    base::log(base::LogLevel::kWarning,
              "DD_TRACE_API_VERSION=" + std::string(version.substr(0, 20)) +
                  " is not supported; v0.5 is used (there are v0.4 and v0.5)");
  return version != "v0.4";
}

}  // namespace

std::string agent_url() {
  if (const std::string_view url = config::agent_url.get(); !url.empty()) return std::string(url);
  const std::string_view host = config::agent_host.get(), port = config::agent_port.get();
  if (host.empty() && port.empty() && access(kSocket, F_OK) == 0)
    return "unix://" + std::string(kSocket);
  const bool v6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  std::string url = "http://";
  url += v6 ? "[" + std::string(host) + "]" : std::string(host.empty() ? "localhost" : host);
  return url + ":" + std::string(port.empty() ? "8126" : port);
}

Status start(const Versions& versions) {
  Options options{.url = agent_url(), .facts = facts, .on_rate = keep_rate};
  options.language_version = versions.language_version;
  options.tracer_version = versions.tracer_version;
  options.on_start = versions.on_start;
  if (const std::int64_t bytes = config::writer_buffer_bytes.get(); bytes > 0)
    options.buffer_bytes = static_cast<std::size_t>(bytes);
  if (const double seconds = config::writer_interval_s.get(); seconds > 0 && seconds < 3600)
    options.interval_ns = static_cast<std::int64_t>(seconds * 1e9);
  if (const double seconds = config::agent_timeout_s.get(); seconds > 0 && seconds < 3600)
    options.timeout_ns = static_cast<std::int64_t>(seconds * 1e9);
  options.native_events = config::native_span_events.get();
  options.v05 = wants_v05();
  if (const auto more = config::variable("_DD_TRACE_WRITER_ADDITIONAL_HEADERS"))
    add_headers(*more, options);
  auto made = Exporter::make(std::move(options));
  if (!made.ok()) return made.status();
  the_exporter = std::move(made).value().release();
  trace::Tracer::get().add_sink(the_exporter);
  return {};
}

bool flush(std::int64_t timeout_ns) { return !the_exporter || the_exporter->flush(timeout_ns); }
void shutdown(std::int64_t timeout_ns) {
  if (the_exporter) the_exporter->shutdown(timeout_ns);
}
Exporter* exporter() { return the_exporter; }

}  // namespace dd::transport::agent_sink
