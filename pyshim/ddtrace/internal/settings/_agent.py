"""Where the agent is."""

from __future__ import annotations

import ipaddress

from ddtrace import _native
from ddtrace.internal.settings.env import env
from ddtrace.internal.utils.formats import asbool

__all__ = ["AgentConfig", "config", "get_agent_hostname", "get_agent_port", "is_ipv6_hostname"]

DEFAULT_HOSTNAME = "localhost"
DEFAULT_TRACE_PORT = 8126
DEFAULT_STATS_PORT = 8125
DEFAULT_TIMEOUT = 2.0
DEFAULT_UNIX_TRACE_PATH = "/var/run/datadog/apm.socket"
DEFAULT_UNIX_DSD_PATH = "/var/run/datadog/dsd.socket"


def is_ipv6_hostname(hostname: object) -> bool:
    """Whether a host is an address of IPv6."""
    try:
        ipaddress.IPv6Address(hostname)
    except ValueError:
        return False
    return True


def get_agent_hostname() -> str:
    """The agent's host as the settings name it."""
    return (
        env.get("DD_TRACE_AGENT_HOSTNAME") or env.get("DD_AGENT_HOST") or DEFAULT_HOSTNAME
    )


def get_agent_port() -> int:
    """The agent's port as the settings name it."""
    text = env.get("DD_TRACE_AGENT_PORT") or env.get("DD_AGENT_PORT") or ""
    return int(text) if text.isdigit() else DEFAULT_TRACE_PORT


class AgentConfig:
    """The places of the agent; programs may change what they read from here."""

    def __init__(self) -> None:
        from ddtrace.internal.dogstatsd import default_url
        from ddtrace.internal.settings._config import config as settings

        host = get_agent_hostname()
        shown = f"[{host}]" if is_ipv6_hostname(host) else host
        self.trace_agent_url = _native.agent_url() or f"http://{shown}:{get_agent_port()}"
        self.dogstatsd_url = default_url()
        self.trace_agent_timeout_seconds = float(settings._agent_timeout_seconds)
        self.trace_otlp_export_enabled = env.get("OTEL_TRACES_EXPORTER", "").lower() == "otlp"
        native = asbool(env.get("DD_TRACE_NATIVE_SPAN_EVENTS", "false"))
        self.trace_native_span_events = native or self.trace_otlp_export_enabled


config = AgentConfig()
