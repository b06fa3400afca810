// OTEL_TRACES_EXPORTER=otlp: traces go to an OpenTelemetry collector instead of the agent;
// DD_TRACE_ALSO_OTLP=true: to both, each with a queue and counts of its own.
// Source: WRITER.md "OTLP".

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/transport/exporter.h"

namespace dd::transport::otlp {

bool wanted();   // instead of the agent
bool besides();  // besides the agent
// Makes the exporter's options those of the collector.
void apply(Options& options, const std::string& tracer_version);

// What the collector gets of a trace: what an agent that has statistics would. On the worker.
Screened screen(trace::Delivery& delivery);

// "http://host:4318/v1/traces" in its parts.
struct Endpoint {
  std::string origin, path;
};
Endpoint split(std::string_view url);

// Where OTEL_EXPORTER_OTLP_* want metrics to be sent, and how.
struct Collector {
  Endpoint endpoint;
  Headers headers;
  std::int64_t timeout_ns = 0;
};
Collector metrics_collector();

}  // namespace dd::transport::otlp
