"""Metrics of a client: to the intake when there is an API key, else to the agent."""

from __future__ import annotations

import math
import time

from ddtrace.datadog._intake import Intake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ddtrace._trace.span import Span
    from ddtrace.datadog._config import DDConfig
    from ddtrace.vendor.dogstatsd import DogStatsd

    Tags = Mapping[str, object] | Iterable[str] | None


def tag_list(tags: Tags) -> list[str]:
    """Tags as "key:value" texts."""
    if tags is None:
        return []
    if isinstance(tags, str):
        return [tags]
    if hasattr(tags, "items"):
        return [f"{key}:{value}" for key, value in tags.items()]
    return [str(tag) for tag in tags]


class Metrics:
    """Takes values and sends them in batches."""

    def __init__(self, config: DDConfig) -> None:
        self._config = config
        url = config.metrics_url or f"https://api.{config.datadog_site}"
        around, size, period = ('{"series":[', "]}"), config.buffer_size, config.flush_period
        self._series = Intake("metrics", url, "/api/v1/series", around, 3_000_000, size, period)
        self._points = Intake(
            "metrics", url, "/api/v1/distribution_points", around, 3_000_000, size, period
        )
        self._statsd: DogStatsd | None = None

    def common_tags(self, span: Span | None) -> list[str]:
        """Service, env and version, when a span is active."""
        if span is None:
            return []
        found = {
            "service": span.service or self._config.service,
            "env": self._config.env,
            "version": self._config.version,
        }
        return [f"{key}:{value}" for key, value in found.items() if value]

    def add(self, name: str, kind: str, value: float, tags: list[str]) -> None:
        """One value of a "count", "gauge" or "distribution"."""
        if not isinstance(name, str) or not name:
            raise ValueError(f"a metric needs a name, not {name!r}")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"the value of metric {name!r} is no number: {value!r}")
        if not math.isfinite(value):
            raise ValueError(f"the value of metric {name!r} is not finite: {value!r}")
        if not self._config.api_key:
            self._to_agent(name, kind, value, tags)
            return
        now = int(time.time())
        point: list[object] = [now, [value] if kind == "distribution" else value]
        entry: dict[str, object] = {"metric": name, "type": kind, "points": [point], "tags": tags}
        if kind == "count":
            entry["interval"] = 1
        if self._config.datadog_hostname:
            entry["host"] = self._config.datadog_hostname
        intake = self._points if kind == "distribution" else self._series
        intake.add(self._config.api_key, entry)

    def _to_agent(self, name: str, kind: str, value: float, tags: list[str]) -> None:
        if self._statsd is None:
            self._statsd = self._make_statsd()
        if kind == "count":
            self._statsd.increment(name, value, tags=tags)
        elif kind == "gauge":
            self._statsd.gauge(name, value, tags=tags)
        else:
            self._statsd.distribution(name, value, tags=tags)

    def statsd_url(self) -> str:
        """Where the agent takes metrics."""
        from ddtrace.internal.dogstatsd import default_url

        config = self._config
        if config.agent_url.startswith("unix://") or not (
            config.is_user_set("agent_url") or config.is_user_set("metrics_port")
        ):
            return default_url()
        from urllib.parse import urlsplit

        return f"udp://{urlsplit(config.agent_url).hostname}:{config.metrics_port}"

    def _make_statsd(self) -> DogStatsd:
        from ddtrace.internal.dogstatsd import get_dogstatsd_client

        return get_dogstatsd_client(self.statsd_url())

    def flush(self, timeout: float) -> bool:
        """Sends what is waiting. Raises FlushError for what was not taken."""
        if self._statsd is not None:
            self._statsd.flush()
        until = time.monotonic() + timeout
        done = self._series.flush(timeout)
        return self._points.flush(max(0.0, until - time.monotonic())) and done

    def close(self) -> None:
        """Lets go of the socket to the agent."""
        if self._statsd is not None:
            self._statsd.close_socket()
