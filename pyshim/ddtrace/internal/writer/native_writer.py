"""The writer of traces to an agent: those that programs make, and the tracer's own."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import Any

from ddtrace.internal import periodic
from ddtrace.internal.logger import get_logger
from ddtrace.internal.service import ServiceStatus, ServiceStatusError
from ddtrace.internal.sma import SimpleMovingAverage
from ddtrace.internal.writer.interfaces import AgentWriterInterface, TraceWriter
from ddtrace.internal.writer.writer_client import WRITER_CLIENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ddtrace._trace.span import Span
    from ddtrace.internal.native._exporter import AgentResponse, TraceExporter
    from ddtrace.internal.writer.writer_client import WriterClientBase

log = get_logger("ddtrace.internal.writer.writer")

KEEP_RATE = "_dd.tracer_kr"
WINDOWS = 10


def _config() -> Any:
    from ddtrace.internal.settings._config import config

    return config


def resolve_api_version(version: str | None) -> str:
    """The version that is asked for, or the newest one."""
    asked = version or _config()._trace_api or "v0.5"
    if asked in WRITER_CLIENTS:
        return str(asked)
    if asked not in ("v0.3", "v1.0"):
        log.warning(
            "%r is no version of the agent's interface for traces: %s are",
            asked,
            ", ".join(sorted(WRITER_CLIENTS)),
        )
    return "v0.5"


class NativeWriter(periodic.PeriodicService, TraceWriter, AgentWriterInterface):
    """Collects traces and sends them every `interval` seconds, from a thread of its own."""

    __module__ = "ddtrace.internal.writer.writer"
    STATSD_NAMESPACE = "tracer"

    @property
    def _shown_as(self) -> str:
        return type(self).__name__

    def __init__(
        self,
        intake_url: str,
        processing_interval: float | None = None,
        compute_stats_enabled: bool = False,
        client_side_stats_obfuscation: bool = False,
        buffer_size: int | None = None,
        max_payload_size: int | None = None,
        dogstatsd: Any = None,
        sync_mode: bool = False,
        api_version: str | None = None,
        report_metrics: bool = True,
        response_callback: Callable[[AgentResponse], None] | None = None,
        test_session_token: str | None = None,
        stats_opt_out: bool | None = False,
        otlp_endpoint: str | None = None,
        otlp_metrics_endpoint: str | None = None,
        api_key: str | None = None,
        agentless_stats_endpoint: str | None = None,
    ) -> None:
        config = _config()
        interval = processing_interval
        if interval is None:
            interval = float(config._trace_writer_interval_seconds)
        super().__init__(interval=interval, autorestart=False)
        if buffer_size is None:
            buffer_size = int(config._trace_writer_buffer_size)
        if max_payload_size is None:
            max_payload_size = int(config._trace_writer_payload_size)
        if buffer_size <= 0 or max_payload_size <= 0:
            what = "buffer" if buffer_size <= 0 else "payload"
            raise ValueError(f"the size of a writer's {what} must be positive")
        self.intake_url = intake_url
        self._buffer_size = buffer_size
        self._max_payload_size = max_payload_size
        self._api_version = resolve_api_version(api_version)
        self._clients: list[WriterClientBase] = [self._client_of(self._api_version)]
        self._compute_stats_enabled = compute_stats_enabled
        self._client_side_stats_obfuscation = client_side_stats_obfuscation
        self._stats_opt_out = stats_opt_out
        self._sync_mode = sync_mode
        self._response_cb = response_callback
        self._test_session_token = test_session_token
        self._otlp_endpoint = otlp_endpoint
        self._otlp_metrics_endpoint = otlp_metrics_endpoint
        self._api_key = api_key
        self._agentless_stats_endpoint = agentless_stats_endpoint
        self.dogstatsd = dogstatsd
        self._report_metrics = report_metrics
        self._metrics: defaultdict[str, int] = defaultdict(int)
        self._drop_sma = SimpleMovingAverage(WINDOWS)
        self._exporter: TraceExporter = self._create_exporter()
        self._owner_pid = os.getpid()

    def _settle_fork(self) -> None:
        """What the parent has collected is its own to send, and its thread is not here."""
        if self._owner_pid != os.getpid():
            self._owner_pid = os.getpid()
            self._clients = [self._client_of(self._api_version)]
            self._metrics.clear()
            self._worker = None
            self.status = ServiceStatus.STOPPED

    @property
    def agentless(self) -> bool:
        """Whether traces go to the intake itself."""
        return self._api_key is not None

    @property
    def _encoder(self) -> Any:
        return self._clients[0].encoder

    @property
    def _endpoint(self) -> str:
        return self._clients[0].ENDPOINT

    def _client_of(self, version: str) -> WriterClientBase:
        client = WRITER_CLIENTS[version](self._buffer_size, self._max_payload_size)
        client.encoder.metrics_are_real = True
        return client

    def _intake_endpoint(self, client: WriterClientBase | None = None) -> str:
        return f"{self.intake_url}/{client.ENDPOINT if client else self._endpoint}"

    def _create_exporter(self) -> TraceExporter:
        from ddtrace.internal.native._exporter import TraceExporter

        headers = {
            "Content-Type": "application/msgpack",
            "Datadog-Client-Computed-Top-Level": "true",
            "Datadog-Send-Real-Http-Status": "1",
        }
        if self._test_session_token:
            headers["X-Datadog-Test-Session-Token"] = self._test_session_token
        if self._stats_opt_out:
            headers["Datadog-Client-Computed-Stats"] = "true"
        timeout = float(_config()._agent_timeout_seconds)
        return TraceExporter(self.intake_url, self._endpoint, headers, timeout)

    def set_test_session_token(self, token: str | None) -> None:
        """The session of a test agent that all later requests belong to."""
        self._test_session_token = token
        self._exporter = self._create_exporter()

    def recreate(
        self, appsec_enabled: bool | None = None, llmobs_enabled: bool | None = None
    ) -> NativeWriter:
        """Another one with the same options; products want v0.4."""
        return NativeWriter(
            intake_url=self.intake_url,
            processing_interval=self._interval,
            compute_stats_enabled=self._compute_stats_enabled,
            client_side_stats_obfuscation=self._client_side_stats_obfuscation,
            buffer_size=self._buffer_size,
            max_payload_size=self._max_payload_size,
            dogstatsd=self.dogstatsd,
            sync_mode=self._sync_mode,
            api_version="v0.4" if appsec_enabled or llmobs_enabled else self._api_version,
            report_metrics=self._report_metrics,
            response_callback=self._response_cb,
            test_session_token=self._test_session_token,
            stats_opt_out=self._stats_opt_out,
            otlp_endpoint=self._otlp_endpoint,
            otlp_metrics_endpoint=self._otlp_metrics_endpoint,
            api_key=self._api_key,
            agentless_stats_endpoint=self._agentless_stats_endpoint,
        )

    def write(self, spans: Sequence[Span] | None = None) -> None:
        """Takes the spans of a trace."""
        self._settle_fork()
        for client in self._clients:
            self._write_with_client(client, spans)
        if self._sync_mode:
            self.flush_queue()

    def _write_with_client(
        self, client: WriterClientBase, spans: Sequence[Span] | None = None
    ) -> None:
        if spans is None:
            return
        if not self._sync_mode and self.status is not ServiceStatus.RUNNING:
            try:
                self.start()
            except ServiceStatusError:
                pass  # another thread was faster
        self._metrics["accepted_traces"] += 1
        if spans:
            self._set_keep_rate(spans)
        from ddtrace.internal._encoding import BufferFull, BufferItemTooLarge

        try:
            client.encoder.put(list(spans))
        except (BufferFull, BufferItemTooLarge) as error:
            full = isinstance(error, BufferFull)
            size = int(error.args[0])
            log.warning(
                "a trace of %d bytes is dropped: it does not fit in a %s",
                size,
                f"buffer of {client.encoder.max_size} bytes" if full else "payload",
            )
            why = ["reason:full" if full else "reason:t_too_big"]
            self._metrics_dist("buffer.dropped.traces", 1, why)
            self._metrics_dist("buffer.dropped.bytes", size, why)
        else:
            self._metrics_dist("buffer.accepted.traces", 1)
            self._metrics_dist("buffer.accepted.spans", len(spans))

    def _metrics_dist(self, name: str, count: int = 1, tags: list[str] | None = None) -> None:
        wanted = self._report_metrics and self.dogstatsd is not None
        if wanted and _config()._health_metrics_enabled:
            self.dogstatsd.distribution(
                f"datadog.{self.STATSD_NAMESPACE}.{name}", count, tags=tags
            )

    def _set_keep_rate(self, trace: Sequence[Span]) -> None:
        trace[0].set_metric(KEEP_RATE, 1.0 - self._drop_sma.get())

    def _set_drop_rate(self) -> None:
        accepted, sent = self._metrics["accepted_traces"], self._metrics["sent_traces"]
        waiting = sum(len(client.encoder) for client in self._clients)
        self._drop_sma.set(accepted - sent - waiting, accepted)
        self._metrics["accepted_traces"] = waiting
        self._metrics["sent_traces"] = 0

    def flush_queue(self, raise_exc: bool = False) -> None:
        """Sends what is waiting, in this thread."""
        self._settle_fork()
        try:
            for client in list(self._clients):
                self._flush_queue_with_client(client, raise_exc)
        finally:
            self._set_drop_rate()

    def _flush_queue_with_client(
        self, client: WriterClientBase, raise_exc: bool = False
    ) -> None:
        count = len(client.encoder)
        try:
            payloads = client.encoder.encode()
        except Exception:
            log.error("%d traces are lost: they cannot be written", count, exc_info=True)
            self._metrics_dist("encoder.dropped.traces", count)
            return
        for payload, traces in payloads or ():
            self._flush_single_payload(payload, traces, client, raise_exc)

    def _flush_single_payload(
        self,
        encoded: bytes | None,
        n_traces: int,
        client: WriterClientBase,
        raise_exc: bool = False,
    ) -> None:
        if encoded is None:
            return
        try:
            self._send_payload(encoded, n_traces, client)
        except Exception as error:
            if raise_exc:
                raise
            log.error(
                "%d traces are lost: %s: %s", n_traces, self._intake_endpoint(client), error
            )
            if str(error).startswith(("Error code: 404", "Error code: 415")):
                self._downgrade(client)

    def _send_payload(self, payload: bytes, count: int, client: WriterClientBase) -> None:
        from ddtrace.internal.native._errors import AgentError
        from ddtrace.internal.native._exporter import AgentResponse, rates_of

        try:
            answer = self._exporter.send(payload, count)
        except AgentError:
            self._metrics["sent_traces"] += count  # they have arrived
            raise
        self._metrics["sent_traces"] += count
        rates = rates_of(answer) if self._response_cb else None
        if self._response_cb and rates is not None:
            self._response_cb(AgentResponse(rates))

    def _downgrade(self, client: WriterClientBase) -> None:
        """An older form, for agents that do not know this one."""
        if self._api_version == "v0.4":
            return
        log.warning("%s is not there: v0.4 from now on", self._intake_endpoint(client))
        self._api_version = "v0.4"
        self._clients = [self._client_of("v0.4")]
        self._exporter = self._create_exporter()

    def periodic(self) -> None:
        """Sends what is waiting."""
        self.flush_queue(raise_exc=False)

    def _stop_service(self, timeout: float | None = None) -> None:
        super()._stop_service()
        self.join(timeout=timeout)

    def on_shutdown(self) -> None:  # type: ignore[override]
        """Sends what is waiting, for the last time."""
        try:
            self.periodic()
        finally:
            self.shutdown_exporter()

    def shutdown_exporter(self) -> None:
        """Nothing can be sent after it."""
        self._exporter.drop()

    def __repr__(self) -> str:
        return (
            f"{self._shown_as}(status={self.status!r}, intake_url={self.intake_url!r}, "
            f"dogstatsd={self.dogstatsd!r})"
        )
