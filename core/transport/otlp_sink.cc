#include "core/transport/otlp_sink.h"

#include "core/base/log.h"
#include "core/config/core_settings.h"
#include "core/encoding/otlp.h"
#include "core/propagation/propagation.h"
#include "core/trace/tracer.h"

namespace dd::transport::otlp {
namespace {

constinit const encoding::OtlpOptions* otlp_options = nullptr;  // lives as long as the process

// The setting of traces, else that of all signals.
std::string_view of_signal(const char* traces, const char* all) {
  if (const auto value = config::variable(traces); value && !value->empty()) return *value;
  return config::variable(all).value_or(std::string_view());
}

std::string endpoint_url() {
  const auto own = config::variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  if (own && !own->empty()) return std::string(*own);
  std::string url(config::variable("OTEL_EXPORTER_OTLP_ENDPOINT").value_or(std::string_view()));
  if (url.empty()) {
    const std::string_view host = config::agent_host.get();
    url = "http://" + std::string(host.empty() ? "localhost" : host) + ":4318";
  }
  while (url.ends_with('/')) url.pop_back();
  return url + "/v1/traces";
}

std::string trace_state(trace::Segment& segment, std::uint64_t span_id) {
  const base::MutexLock lock(segment.mutex);
  return propagation::tracestate(segment, propagation::LastParent::kSpan, span_id);
}

Screened screen(trace::Delivery& delivery) {
  if (delivery.priority && *delivery.priority <= 0) delivery.count = 0;
  return Screened::kSend;
}

}  // namespace

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

bool besides() { return !wanted() && config::also_otlp.get(); }

void apply(Options& options, const std::string& tracer_version) {
  const std::string_view protocol =
      of_signal("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");
  if (!protocol.empty() && protocol != "http/json" && protocol != "http/protobuf")
    base::log(base::LogLevel::kWarning,
              "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=" + std::string(protocol.substr(0, 20)) +
                  " is not supported; http/protobuf is used");
  Endpoint endpoint = split(endpoint_url());
  otlp_options = new encoding::OtlpOptions{.json = protocol == "http/json",
                                           .path = std::move(endpoint.path),
                                           .tracer_version = tracer_version,
                                           .trace_state = trace_state};
  options.url = std::move(endpoint.origin);
  options.headers = {{"User-Agent", "Tracer/11.0.0"}};
  for (const std::string& pair : config::parse_list(
           of_signal("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"))) {
    const std::size_t equals = pair.find('=');
    if (equals != pair.npos && equals > 0)
      options.headers.emplace_back(config::trim(std::string_view(pair).substr(0, equals)),
                                   config::trim(std::string_view(pair).substr(equals + 1)));
  }
  const auto timeout_ms = config::parse_int(
      of_signal("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"));
  options.timeout_ns = (timeout_ms && *timeout_ms > 0 ? *timeout_ms : 10'000) * 1'000'000;
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
