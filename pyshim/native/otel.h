// The OpenTelemetry API as a second face of the tracer, where DD_TRACE_OTEL_ENABLED asks for it.

#pragma once

namespace dd::pyshim {

// Sets provider and context when `opentelemetry.trace` is imported. Needs the GIL.
void watch_opentelemetry();

}  // namespace dd::pyshim
