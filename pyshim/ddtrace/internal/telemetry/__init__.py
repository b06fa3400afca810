"""What the tracer says about itself, for programs that add to it.

>>> from ddtrace.internal.telemetry import telemetry_writer
>>> from ddtrace.internal.telemetry.constants import TELEMETRY_NAMESPACE
>>> telemetry_writer.add_count_metric(TELEMETRY_NAMESPACE.TRACERS, "answers", 1, (("kind", "a"),))

The native core collects and sends it; with DD_INSTRUMENTATION_TELEMETRY_ENABLED=false the writer is
one that takes everything and does nothing.
"""

from __future__ import annotations

from ddtrace import _native
from ddtrace.internal.telemetry.constants import TELEMETRY_NAMESPACE as TELEMETRY_NAMESPACE
from ddtrace.internal.telemetry.noop_writer import NoOpTelemetryWriter
from ddtrace.internal.telemetry.writer import TelemetryWriter as TelemetryWriter

telemetry_writer: TelemetryWriter = (
    TelemetryWriter() if _native.telemetry_enabled() else NoOpTelemetryWriter()
)

__all__ = ["telemetry_writer"]
