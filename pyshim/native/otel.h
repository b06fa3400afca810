// The OpenTelemetry API as a second face of the tracer, where DD_TRACE_OTEL_ENABLED asks for it;
// and metrics and logs by the user's OpenTelemetry SDK, where DD_METRICS_OTEL_ENABLED and
// DD_LOGS_OTEL_ENABLED do.

#pragma once

namespace dd::pyshim {

// Sets the provider of tracers when `opentelemetry.trace` is imported, the others now. Needs the
// GIL.
void watch_opentelemetry();

}  // namespace dd::pyshim
