#include "core/transport/otlp_sink.h"

#include "core/base/log.h"
#include "core/config/core_settings.h"
#include "core/encoding/otlp.h"
#include "core/propagation/propagation.h"
#include "core/stats/concentrator.h"
#include "core/trace/tracer.h"

namespace dd::transport::otlp {
namespace {

constinit const encoding::OtlpOptions* otlp_options = nullptr;  // lives as long as the process

// The setting of the signal, else that of all signals.
std::string_view either(const char* own, const char* all) {
  if (const auto value = config::variable(own); value && !value->empty()) return *value;
  return config::variable(all).value_or(std::string_view());
}

struct Signal {
  const char *endpoint, *headers, *timeout, *path;
};
constexpr Signal kTraces = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
                            "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "/v1/traces"};
constexpr Signal kMetrics = {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                             "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
                             "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "/v1/metrics"};

std::string url_of(const Signal& signal) {
  const auto own = config::variable(signal.endpoint);
  if (own && !own->empty()) return std::string(*own);
  std::string url(config::variable("OTEL_EXPORTER_OTLP_ENDPOINT").value_or(std::string_view()));
  if (url.empty()) {
    const std::string_view host = config::agent_host.get();
    url = "http://" + std::string(host.empty() ? "localhost" : host) + ":4318";
  }
  while (url.ends_with('/')) url.pop_back();
  return url + signal.path;
}

Collector collector_of(const Signal& signal) {
  Collector out{.endpoint = split(url_of(signal)), .headers = {{"User-Agent", "Tracer/11.0.0"}}};
  for (const std::string& pair :
       config::parse_list(either(signal.headers, "OTEL_EXPORTER_OTLP_HEADERS"))) {
    const std::size_t equals = pair.find('=');
    if (equals != pair.npos && equals > 0)
      out.headers.emplace_back(config::trim(std::string_view(pair).substr(0, equals)),
                               config::trim(std::string_view(pair).substr(equals + 1)));
  }
  const auto ms = config::parse_int(either(signal.timeout, "OTEL_EXPORTER_OTLP_TIMEOUT"));
  out.timeout_ns = (ms && *ms > 0 ? *ms : 10'000) * 1'000'000;
  return out;
}

std::string trace_state(trace::Segment& segment, std::uint64_t span_id) {
  const base::MutexLock lock(segment.mutex);
  return propagation::tracestate(segment, propagation::LastParent::kSpan, span_id);
}

}  // namespace

Screened screen(trace::Delivery& delivery) {
  static auto* const room = new std::vector<trace::Span*>;  // the worker's
  stats::leave_what_must_be_sent(delivery, *room);
  return Screened::kSend;
}

Endpoint split(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t slash = url.find('/', scheme == url.npos ? 0 : scheme + 3);
  if (slash == url.npos) return {.origin = std::string(url), .path = "/"};
  return {.origin = std::string(url.substr(0, slash)), .path = std::string(url.substr(slash))};
}

bool wanted() {
  const auto exporter = config::variable("OTEL_TRACES_EXPORTER");
  return exporter && config::same_ignoring_case(config::trim(*exporter), "otlp") &&
         !config::variable("DD_TRACE_AGENT_PROTOCOL_VERSION");
}

Collector metrics_collector() { return collector_of(kMetrics); }

bool besides() { return !wanted() && config::also_otlp.get(); }

void apply(Options& options, const std::string& tracer_version) {
  const std::string_view protocol =
      either("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");
  if (!protocol.empty() && protocol != "http/json" && protocol != "http/protobuf")
    base::log(base::LogLevel::kWarning,
              "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=" + std::string(protocol.substr(0, 20)) +
                  " is not supported; http/protobuf is used");
  Collector collector = collector_of(kTraces);
  otlp_options = new encoding::OtlpOptions{.json = protocol == "http/json",
                                           .path = std::move(collector.endpoint.path),
                                           .tracer_version = tracer_version,
                                           .trace_state = trace_state};
  options.url = std::move(collector.endpoint.origin);
  options.headers = std::move(collector.headers);
  options.timeout_ns = collector.timeout_ns;
  options.on_rate = nullptr;
  options.on_response = nullptr;
  options.add_headers = nullptr;
  options.counts_chunks = options.tells_drops = false;
  options.screen = screen;
  options.make_encoder = [] {
    return encoding::make_otlp(
        []() -> const trace::ProcessFacts& { return trace::Tracer::get().facts(); }, *otlp_options);
  };
}

}  // namespace dd::transport::otlp
