"""The class that programs start the profiler with."""

from __future__ import annotations

from typing import Any

from ddtrace.internal.logger import get_logger

log = get_logger(__name__)

failure_msg = "this ddpython has no profiler; the program runs without it"


class Profiler:
    """Takes what the profiler takes, and profiles nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._given = (args, kwargs)

    def start(self) -> None:
        """Logs that nothing is profiled."""
        log.warning("%s", failure_msg)

    def stop(self, flush: bool = True) -> None:
        """Nothing is running."""
