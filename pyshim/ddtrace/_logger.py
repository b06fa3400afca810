"""The logger `ddtrace`: where it writes, from which level on, and the format of correlated logs.

DD_TRACE_LOG_STREAM_HANDLER, DD_TRACE_LOG_LEVEL, DD_TRACE_DEBUG, DD_TRACE_LOG_FILE and its _LEVEL
and _SIZE_BYTES are read once. A bad value is told and left out.
"""

from __future__ import annotations

import logging
import os

DD_LOG_FORMAT = (
    "%(asctime)s %(levelname)s [%(name)s] [%(filename)s:%(lineno)d] "
    "[dd.service=%(dd.service)s dd.env=%(dd.env)s dd.version=%(dd.version)s "
    "dd.trace_id=%(dd.trace_id)s dd.span_id=%(dd.span_id)s] - %(message)s"
)
DEFAULT_FILE_SIZE_BYTES = 15 << 20
_FILE_FORMAT = "%(asctime)s %(levelname)s [%(name)s] [%(filename)s:%(lineno)d] - %(message)s"

_configured = False


class _Kept(logging.Handler):
    """Keeps lines for a tracer flare."""

    def emit(self, record: logging.LogRecord) -> None:
        from ddtrace import _native

        _native.remember_line(record.levelno, record.name, self.format(record))


_kept = _Kept()
_usual_level: int | None = None


def keep_for_flare(level: int) -> None:
    """Keeps what is logged from `level` on for the flare; 0: no longer."""
    global _usual_level
    logger = logging.getLogger("ddtrace")
    if _usual_level is not None:
        logger.removeHandler(_kept)
        logger.setLevel(_usual_level)
        _usual_level = None
    if level:
        _usual_level = logger.level
        _kept.setLevel(level)
        logger.setLevel(min(level, logger.getEffectiveLevel()))
        logger.addHandler(_kept)


def _on(name: str, fallback: str) -> bool:
    return os.environ.get(name, fallback).strip().lower() in ("1", "true")


def _level(name: str) -> int | None:
    """The level that a variable names, or None."""
    text = os.environ.get(name, "").strip().upper()
    level = logging.getLevelName(text) if text else None
    return level if isinstance(level, int) else None


def configure_ddtrace_logger() -> None:
    """Gives the logger its handlers and its level, once."""
    global _configured
    if _configured:
        return
    _configured = True
    logger = logging.getLogger("ddtrace")
    if _on("DD_INSTRUMENTATION_TELEMETRY_ENABLED", "true"):
        from ddtrace.internal._error_reports import DDTelemetryErrorHandler

        logger.addHandler(DDTelemetryErrorHandler())
    if _on("DD_TRACE_LOG_STREAM_HANDLER", "true"):
        logger.addHandler(logging.StreamHandler())
    if _on("DD_TRACE_DEBUG", "false"):
        logger.setLevel(logging.DEBUG)
    elif os.environ.get("DD_TRACE_LOG_LEVEL"):
        level = _level("DD_TRACE_LOG_LEVEL")
        if level is None:
            text = os.environ["DD_TRACE_LOG_LEVEL"]
            logger.warning("DD_TRACE_LOG_LEVEL=%s is no level of logging; it is ignored", text)
        else:
            logger.setLevel(level)
    if path := os.environ.get("DD_TRACE_LOG_FILE"):
        _log_to_file(logger, path)


def _log_to_file(logger: logging.Logger, path: str) -> None:
    from logging.handlers import RotatingFileHandler

    level = _level("DD_TRACE_LOG_FILE_LEVEL")
    if level is None and (text := os.environ.get("DD_TRACE_LOG_FILE_LEVEL")):
        logger.warning("DD_TRACE_LOG_FILE_LEVEL=%s is no level of logging; it is ignored", text)
    try:
        size = int(os.environ.get("DD_TRACE_LOG_FILE_SIZE_BYTES", DEFAULT_FILE_SIZE_BYTES))
        handler = RotatingFileHandler(path, maxBytes=size, backupCount=1)
    except (OSError, ValueError) as error:
        logger.warning("DD_TRACE_LOG_FILE: %s", error)
        return
    handler.setLevel(logging.DEBUG if level is None else level)
    handler.setFormatter(logging.Formatter(_FILE_FORMAT))
    logger.addHandler(handler)


def configured_level(name: str) -> int | None:
    """The level that `_DD_A_B_LOG_LEVEL` sets for `ddtrace.a.b` and all below it."""
    parts = name.upper().split(".")[1:]
    while parts:
        level = _level(f"_DD_{'_'.join(parts)}_LOG_LEVEL")
        if level is not None:
            return level
        parts.pop()
    return None
