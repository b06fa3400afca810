"""Loggers that do not repeat themselves."""

from __future__ import annotations

import logging
import os
from typing import NamedTuple

from ddtrace._logger import configure_ddtrace_logger, configured_level

SECOND = 1
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class LogInjectionState:
    """Values of DD_LOGS_INJECTION."""

    DISABLED = "false"
    ENABLED = "true"
    STRUCTURED = "structured"


class LoggingBucket(NamedTuple):
    """A record place, when it was last shown, and how often it was kept back since."""

    bucket: float
    skipped: int


_limits: dict[str, int] = {}
_buckets: dict[object, LoggingBucket] = {}


def _rate() -> int:
    try:
        return int(os.environ.get("DD_TRACE_LOGGING_RATE", "60"))
    except ValueError:
        return 60


_rate_limit = _rate()


def set_tag_rate_limit(tag: str, rate: int) -> None:
    """How many seconds lie between two records of a tag."""
    _limits[tag] = rate


def log_filter(record: logging.LogRecord) -> bool:
    """Lets one record of each place through in a while; debug and worse than it when debugging."""
    if _rate_limit <= 0 or logging.getLogger(record.name).getEffectiveLevel() <= logging.DEBUG:
        return True
    tag = getattr(record, "tag", None) or getattr(record, "product", None)
    key: object = tag if tag in _limits else (record.name, record.levelno, record.pathname, record.lineno)
    rate = _limits.get(str(tag), _rate_limit)
    last = _buckets.get(key)
    if last is not None and record.created - last.bucket < rate:
        _buckets[key] = LoggingBucket(last.bucket, last.skipped + 1)
        return False
    if last is not None and last.skipped:
        record.msg = f"{record.msg} [{last.skipped} skipped]"
    _buckets[key] = LoggingBucket(record.created, 0)
    return True


def get_logger(name: str) -> logging.Logger:
    """The logger of that name, with the limit above."""
    configure_ddtrace_logger()
    logger = logging.getLogger(name)
    if log_filter not in logger.filters:
        logger.addFilter(log_filter)
        level = configured_level(name)
        if level is not None:
            logger.setLevel(level)
    return logger


def get_log_injection_state(raw_config: str | None) -> bool:
    """Whether records are to say which trace they belong to."""
    if raw_config is None:
        return True
    text = raw_config.strip().lower()
    return text in ("1", LogInjectionState.ENABLED, LogInjectionState.STRUCTURED)
