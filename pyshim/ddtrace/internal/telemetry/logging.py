"""The handler that tells of errors which the package logs."""

from __future__ import annotations

from ddtrace.internal import _error_reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ddtrace.internal.telemetry.writer import TelemetryWriter


class DDTelemetryErrorHandler(_error_reports.DDTelemetryErrorHandler):
    """Tells of each error the package logs: its format, not what is put into it."""

    def __init__(self, telemetry_writer: TelemetryWriter | None = None) -> None:
        super().__init__()
        self.telemetry_writer = telemetry_writer
