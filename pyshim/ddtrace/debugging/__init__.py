"""Dynamic instrumentation. It is not there yet: programs that enable it run without it."""

from __future__ import annotations

from typing import Any

from ddtrace.internal.logger import get_logger

log = get_logger(__name__)


class DynamicInstrumentation:
    """Takes the calls that programs make, and instruments nothing."""

    enabled = False

    def __init__(self, tracer: Any = None) -> None:
        self._tracer = tracer

    @classmethod
    def enable(cls) -> None:
        """Logs that nothing is instrumented."""
        log.warning("this ddpython has no dynamic instrumentation; the program runs without it")

    @classmethod
    def disable(cls, join: bool = True) -> None:
        """Nothing is enabled."""
