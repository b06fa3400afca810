"""Logs of a client, sent to the intake, and the handler that brings those of `logging` there."""

from __future__ import annotations

import logging
import socket
from typing import Any

from ddtrace.datadog._intake import Intake, cut, needed_key
from ddtrace.datadog._metrics import tag_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ddtrace.datadog._client import DDClient
    from ddtrace.datadog._config import DDConfig
    from ddtrace.datadog._metrics import Tags

LEVELS = ("debug", "info", "warn", "error")


class Logs:
    """Takes messages and sends them in batches."""

    def __init__(self, config: DDConfig) -> None:
        self._config = config
        self._hostname = config.datadog_hostname or socket.gethostname()
        site = f"https://http-intake.logs.{config.datadog_site}"
        self._intake = Intake(
            "logs",
            config.logs_url or site,
            "/api/v2/logs",
            ("[", "]"),
            5_000_000,
            min(config.buffer_size, 1000),
            config.logs_flush_period,
        )

    def add(self, status: str, message: str, tags: Tags = None) -> bool:
        """One message. False when too much is waiting. ValueError without an API key."""
        config = self._config
        api_key = needed_key(config.api_key, "logs")
        own = (("env", config.env), ("version", config.version))
        every = [f"{key}:{value}" for key, value in own if value] + tag_list(tags)
        entry: dict[str, Any] = {
            "message": cut(message),
            "hostname": self._hostname,
            "service": config.service,
            "ddsource": "python",
            "status": status,
            "ddtags": ",".join(every),
        }
        from ddtrace._trace.tracer import tracer

        ids = tracer.get_log_correlation_context()
        for name in ("dd.trace_id", "dd.span_id"):
            if ids[name] != "0":
                entry[name] = ids[name]
        return self._intake.add(api_key, entry)

    def flush(self, timeout: float) -> bool:
        """Sends what is waiting. Raises FlushError for what was not taken."""
        return self._intake.flush(timeout)


class DDLogHandler(logging.Handler):
    """Brings records of `logging` to the logs of a client.

    Without a client it is the one that the program has made last, or that `datadog-run` has installed.
    """

    def __init__(self, client: DDClient | None = None, level: int | str = logging.NOTSET) -> None:
        super().__init__(level)
        if client is None:
            from ddtrace import datadog
            from ddtrace.datadog import _client

            client = _client.latest or datadog.client
        self._client = client

    def emit(self, record: logging.LogRecord) -> None:
        """Sends a record; what goes wrong is told as `logging` tells it."""
        try:
            text = f"{record.name}: {self.format(record)}"
            self._client._logs.add(record.levelname.lower(), text)
        except Exception:
            self.handleError(record)
