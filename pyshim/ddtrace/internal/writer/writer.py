"""Writers of traces."""

from __future__ import annotations

import abc
import sys
from typing import Any, TextIO

from ddtrace import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ddtrace._trace.span import Span
    from ddtrace.internal.service import ServiceStatus


class TraceWriter(metaclass=abc.ABCMeta):
    """Takes traces and sends them somewhere."""

    @abc.abstractmethod
    def recreate(
        self, appsec_enabled: bool | None = None, llmobs_enabled: bool | None = None
    ) -> TraceWriter:
        """Another one, with what this one was made with."""

    @abc.abstractmethod
    def stop(self, timeout: float | None = None) -> None:
        """Sends what is waiting and stops."""

    @abc.abstractmethod
    def write(self, spans: Sequence[Span] | None = None) -> None:
        """Takes the spans of a trace."""

    @abc.abstractmethod
    def flush_queue(self) -> None:
        """Sends what is waiting."""


class AgentWriterInterface(metaclass=abc.ABCMeta):
    """A writer to an agent."""

    @abc.abstractmethod
    def set_test_session_token(self, token: str | None) -> None:
        """The session of a test agent its requests belong to."""

    @abc.abstractmethod
    def flush_queue(self, raise_exc: bool = False) -> None:
        """Sends what is waiting."""


class NativeWriter(TraceWriter, AgentWriterInterface):
    """The writer of the native core, as far as Python may see it."""

    agentless = False
    _sync_mode = False
    _report_metrics = True
    _test_session_token: str | None = None

    @property
    def _api_version(self) -> str:
        from ddtrace import config

        return str(config._trace_api or "v0.5")

    @property
    def interval(self) -> float:
        """Seconds between two payloads."""
        from ddtrace import config

        return float(config._trace_writer_interval_seconds)

    @property
    def _interval(self) -> float:
        return self.interval

    @property
    def _buffer_size(self) -> int:
        from ddtrace import config

        return int(config._trace_writer_buffer_size)

    @property
    def _max_payload_size(self) -> int:
        from ddtrace import config

        return int(config._trace_writer_payload_size)

    def start(self) -> None:
        """The native worker starts by itself."""

    def join(self, timeout: float | None = None) -> None:
        """Waits until all is sent."""
        self.flush_queue()

    def on_shutdown(self) -> None:
        """Sends what is waiting."""
        self.flush_queue()

    @property
    def intake_url(self) -> str:
        """Where traces are sent."""
        return _native.agent_url()

    @property
    def status(self) -> ServiceStatus:
        """Always running: the native worker starts when there is something to send."""
        from ddtrace.internal.service import ServiceStatus

        return ServiceStatus.RUNNING

    def write(self, spans: Sequence[Span] | None = None) -> None:
        """Spans reach the native writer by themselves."""

    def flush_queue(self, raise_exc: bool = False) -> None:
        """Sends what is waiting."""
        from ddtrace._trace.tracer import tracer

        _native.TracerBase.flush(tracer)

    def set_test_session_token(self, token: str | None) -> None:
        """The session of a test agent that all later requests belong to."""
        self._test_session_token = token
        _native.set_test_session_token(token)

    def recreate(
        self, appsec_enabled: bool | None = None, llmobs_enabled: bool | None = None
    ) -> NativeWriter:
        """There is only one; the statistics so far are sent."""
        _native.flush_statistics(2.0)
        return self

    def stop(self, timeout: float | None = None) -> None:
        """Sends what is waiting, and the statistics so far."""
        self.flush_queue()
        _native.flush_statistics(2.0)

    def __repr__(self) -> str:
        return f"NativeWriter(status={self.status!r}, intake_url={self.intake_url!r})"


class LogWriter(TraceWriter):
    """Writes each trace as a line of JSON, for places where logs are collected."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self.out = out

    def recreate(
        self, appsec_enabled: bool | None = None, llmobs_enabled: bool | None = None
    ) -> LogWriter:
        """Another one with the same stream."""
        return type(self)(self.out)

    def stop(self, timeout: float | None = None) -> None:
        """Nothing is waiting."""

    def write(self, spans: Sequence[Span] | None = None) -> None:
        """Writes a line."""
        if not spans:
            return
        import json

        json.dump({"traces": [[_fields(span) for span in spans]]}, self.out)
        self.out.write("\n")
        self.out.flush()

    def flush_queue(self) -> None:
        """Nothing is waiting."""


def _fields(span: Span) -> dict[str, Any]:
    fields = {
        "trace_id": f"{span._trace_id_64bits:016X}",
        "parent_id": f"{span.parent_id or 0:016X}",
        "span_id": f"{span.span_id:016X}",
        "service": span.service,
        "resource": span.resource,
        "name": span.name,
        "error": span.error,
        "start": span.start_ns,
        "duration": span.duration_ns,
        "meta": span.get_tags(),
        "metrics": span.get_metrics(),
    }
    if span.span_type:
        fields["type"] = span.span_type
    return fields
