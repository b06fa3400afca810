"""The tracer's own writer, which is native, as Python may see it."""

from __future__ import annotations

from typing import Any

from ddtrace import _native
from ddtrace.internal.service import ServiceStatus
from ddtrace.internal.writer.native_writer import NativeWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ddtrace._trace.span import Span
    from ddtrace.internal.writer.writer_client import WriterClientBase


class TracersWriter(NativeWriter):
    """Spans reach the native writer by themselves; those that a program writes here follow."""

    _sync_mode = False
    _report_metrics = True
    _test_session_token: str | None = None
    _stats_opt_out = False
    _api_key = None
    _shown_as = "NativeWriter"

    def __init__(self) -> None:
        self._second: NativeWriter | None = None

    @property
    def _written(self) -> NativeWriter:
        """Sends what is written when its trace is not on its way any more."""
        if self._second is None:
            self._second = NativeWriter(
                self.intake_url,
                response_callback=lambda told: _native.set_agent_rates(told.rate_by_service),
                test_session_token=self._test_session_token,
            )
        return self._second

    @property
    def _clients(self) -> list[WriterClientBase]:  # type: ignore[override]
        return self._written._clients

    @property
    def dogstatsd(self) -> Any:
        """The client of health metrics."""
        from ddtrace.internal.writer.writer import _statsd

        return _statsd()

    @property
    def _metrics(self) -> Any:  # type: ignore[override]
        return self._written._metrics

    @property
    def _drop_sma(self) -> Any:  # type: ignore[override]
        return self._written._drop_sma

    @property
    def _exporter(self) -> Any:  # type: ignore[override]
        return self._written._exporter

    @property
    def _api_version(self) -> str:  # type: ignore[override]
        from ddtrace import config

        return str(config._trace_api or "v0.5")

    @property
    def _compute_stats_enabled(self) -> bool:  # type: ignore[override]
        from ddtrace import config

        return bool(config._trace_compute_stats)

    @property
    def interval(self) -> float:
        """Seconds between two payloads."""
        from ddtrace import config

        return float(config._trace_writer_interval_seconds)

    @interval.setter
    def interval(self, value: float) -> None:
        from ddtrace import config

        config._trace_writer_interval_seconds = value

    @property
    def _interval(self) -> float:  # type: ignore[override]
        return self.interval

    @property
    def _buffer_size(self) -> int:  # type: ignore[override]
        from ddtrace import config

        return int(config._trace_writer_buffer_size)

    @property
    def _max_payload_size(self) -> int:  # type: ignore[override]
        from ddtrace import config

        return int(config._trace_writer_payload_size)

    @property
    def intake_url(self) -> str:  # type: ignore[override]
        """Where traces are sent."""
        return _native.agent_url()

    @property
    def status(self) -> ServiceStatus:  # type: ignore[override]
        """Always running: the native worker starts when there is something to send."""
        return ServiceStatus.RUNNING

    def start(self, *args: Any, **kwargs: Any) -> None:
        """The native worker starts by itself."""

    def _start_service(self, *args: Any, **kwargs: Any) -> None:
        """The same."""

    def join(self, timeout: float | None = None) -> None:
        """Waits until all is sent."""
        self.flush_queue()

    def write(self, spans: Sequence[Span] | None = None) -> None:
        """Spans that a writer of the program is given right now go on as if it were not there."""
        if spans and not _native.pass_on(list(spans)):
            self._written.write(spans)

    def flush_queue(self, raise_exc: bool = False) -> None:
        """Sends what is waiting."""
        from ddtrace._trace.tracer import tracer

        _native.TracerBase.flush(tracer)
        self.flush_written(raise_exc)

    def flush_written(self, raise_exc: bool = False) -> None:
        """Sends what was written here."""
        if self._second is not None:
            self._second.flush_queue(raise_exc)

    def periodic(self) -> None:
        """Sends what is waiting."""
        self.flush_queue()

    def on_shutdown(self) -> None:  # type: ignore[override]
        """Sends what is waiting."""
        self.flush_queue()

    def shutdown_exporter(self) -> None:
        """The native exporter ends with the process."""

    def set_test_session_token(self, token: str | None) -> None:
        """The session of a test agent that all later requests belong to."""
        self._test_session_token = token
        _native.set_test_session_token(token)
        if self._second is not None:
            self._second.set_test_session_token(token)

    def recreate(
        self, appsec_enabled: bool | None = None, llmobs_enabled: bool | None = None
    ) -> NativeWriter:
        """There is only one; the statistics so far are sent."""
        _native.flush_statistics(2.0)
        return self

    def _stop_service(self, timeout: float | None = None) -> None:
        self.flush_queue()

    def stop(self, timeout: float | None = None) -> None:
        """Sends what is waiting, and the statistics so far."""
        self.flush_queue()
        _native.flush_statistics(2.0)
