"""Records of `logging` on their way to the intake of logs, without an agent."""

from __future__ import annotations

import logging

from ddtrace.datadog._intake import Intake, cut
from ddtrace.internal.hostname import get_hostname

_MAX_BYTES, _MAX_ENTRIES, _PERIOD = 5_000_000, 1000, 0.5
_IDS = ("dd.trace_id", "dd.span_id")


class Submission:
    """Sends every record it is called with."""

    def __init__(self, url: str, api_key: str) -> None:
        self._api_key = api_key
        self._intake = Intake(
            "logs", url, "/api/v2/logs", ("[", "]"), _MAX_BYTES, _MAX_ENTRIES, _PERIOD
        )

    def __call__(self, record: logging.LogRecord) -> None:
        from ddtrace._trace.tracer import tracer

        said = tracer.get_log_correlation_context()
        tags = {"env": said["dd.env"], "version": said["dd.version"], **_global_tags()}
        entry: dict[str, object] = {
            "date": int(record.created * 1000),
            "ddsource": "python",
            "ddtags": ",".join(f"{key}:{value}" for key, value in tags.items() if value),
            "hostname": get_hostname(),
            "message": cut(record.getMessage()),
            "service": said["dd.service"],
            "status": record.levelname.lower(),
            "logger.name": record.name,
        }
        # What the record was made with: a handler may run when the span is over.
        entry.update((key, getattr(record, key, said[key])) for key in _IDS)
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            entry["error.kind"] = type(error).__qualname__
            entry["error.message"] = cut(str(error))
            entry["error.stack"] = cut(logging.Formatter().formatException(record.exc_info))
        self._intake.add(self._api_key, entry)


def _global_tags() -> dict[str, str]:
    from ddtrace import config

    tags: dict[str, str] = config.tags
    return tags
