"""Programs written for the OpenTelemetry API, traced by this tracer.

>>> from opentelemetry import trace
>>> from ddtrace.opentelemetry import TracerProvider
>>> trace.set_tracer_provider(TracerProvider())

With DD_TRACE_OTEL_ENABLED=true that is done when `opentelemetry.trace` is imported, and the active
span is one for both APIs. The package opentelemetry-api is needed.
"""

from ddtrace.internal.opentelemetry.trace import TracerProvider

__all__ = ["TracerProvider"]
