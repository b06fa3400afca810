"""The OpenTelemetry API over the native tracer."""


def enable() -> None:
    """Makes this tracer's provider that of the OpenTelemetry API."""
    from opentelemetry.trace import set_tracer_provider

    try:
        from ddtrace.internal.opentelemetry.trace import TracerProvider
    except ImportError:
        return  # it is what imports OpenTelemetry, for a program that sets the provider itself
    set_tracer_provider(TracerProvider())
