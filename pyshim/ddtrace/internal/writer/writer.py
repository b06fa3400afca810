"""Writers of traces."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from ddtrace.internal import serverless
from ddtrace.internal.logger import get_logger
from ddtrace.internal.settings.env import env
from ddtrace.internal.utils import _human_size
from ddtrace.internal.writer.interfaces import AgentWriterInterface, TraceWriter
from ddtrace.internal.writer.native_writer import NativeWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ddtrace._trace.span import Span
    from ddtrace.internal.native._exporter import AgentResponse

__all__ = [
    "AGENTLESS_INTAKE_PATH",
    "AGENTLESS_INTAKE_URLS",
    "AGENTLESS_STATS_PATH",
    "AgentWriterInterface",
    "LogWriter",
    "NativeWriter",
    "TraceWriter",
    "_human_size",
    "compute_agentless_intake_url",
    "compute_agentless_stats_url",
    "create_trace_writer",
]

log = get_logger(__name__)

AGENTLESS_INTAKE_PATH = "/v1/input"
AGENTLESS_STATS_PATH = "/api/v0.2/stats"
AGENTLESS_MAX_BUFFER_SIZE = 10 << 20
AGENTLESS_INTAKE_URLS = {
    **{
        site: f"https://public-trace-http-intake.logs.{site}"
        for site in ("datadoghq.com", "datadoghq.eu", "datad0g.com")
    },
    **{
        f"{part}.datadoghq.com": f"https://trace.browser-intake-{part}-datadoghq.com"
        for part in ("us3", "us5")
    },
    **{
        f"{part}.datadoghq.com": f"https://browser-intake-{part}-datadoghq.com"
        for part in ("ap1", "ap2", "uk1")
    },
}


def compute_agentless_intake_url(site: str) -> str:
    """Where a site takes traces without an agent."""
    known = AGENTLESS_INTAKE_URLS.get(site)
    if known is None:
        *parts, end = site.split(".")
        known = f"https://browser-intake-{'-'.join(parts)}.{end}"
        log.warning("site %s is not a known one: its traces go to %s", site, known)
    return known + AGENTLESS_INTAKE_PATH


def compute_agentless_stats_url(site: str) -> str:
    """Where a site takes statistics without an agent."""
    return f"https://trace.agent.{site}{AGENTLESS_STATS_PATH}"


def create_trace_writer(
    response_callback: Callable[[AgentResponse], None] | None = None, agentless: bool = False
) -> TraceWriter:
    """A writer as the settings say: to the agent, or to the log."""
    if _use_log_writer():
        return LogWriter()
    from ddtrace import _native
    from ddtrace.internal.settings._config import config

    return NativeWriter(
        _native.agent_url(),
        dogstatsd=_statsd(),
        sync_mode=_use_sync_mode(),
        compute_stats_enabled=bool(config._trace_compute_stats),
        response_callback=response_callback,
    )


def _use_log_writer() -> bool:
    """Whether traces are lines of a log: in AWS Lambda without an agent."""
    told = ("DD_AGENT_HOST", "DATADOG_TRACE_AGENT_HOSTNAME", "DD_TRACE_AGENT_URL")
    if any(env.get(name) for name in told):
        return False
    return serverless.in_aws_lambda() and not serverless.has_aws_lambda_agent_extension()


def _use_sync_mode() -> bool:
    """Whether each trace is sent at once: in functions of clouds that have an agent."""
    if serverless.in_aws_lambda():
        return not _use_log_writer()
    return serverless.in_gcp_function() or serverless.in_azure_function()


def _statsd() -> Any:
    from ddtrace.internal.dogstatsd import default_url, get_dogstatsd_client

    return get_dogstatsd_client(default_url())


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
    fields: dict[str, Any] = {
        "trace_id": f"{span._trace_id_64bits:016X}",
        "parent_id": f"{span.parent_id or 0:016X}",
        "span_id": f"{span.span_id:016X}",
        "service": span.service,
        "resource": span.resource,
        "name": span.name,
        "error": span.error,
    }
    if_any = {
        "start": span.start_ns,
        "duration": span.duration_ns,
        "meta": span.get_tags(),
        "metrics": span.get_metrics(),
        "type": span.span_type,
        "span_links": [link.to_dict() for link in span._get_links()],
    }
    return fields | {key: value for key, value in if_any.items() if value}
