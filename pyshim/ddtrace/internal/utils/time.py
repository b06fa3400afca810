"""Measuring and waiting for time to pass."""

from __future__ import annotations

import time as _time
from types import TracebackType


class Time:
    """The clocks, where they can be replaced together."""

    time = staticmethod(_time.time)
    time_ns = staticmethod(_time.time_ns)
    monotonic = staticmethod(_time.monotonic)
    monotonic_ns = staticmethod(_time.monotonic_ns)


class StopWatch:
    """Measures how long something takes.

    >>> with StopWatch() as watch:
    ...     pass
    >>> watch.elapsed() < 1
    True
    """

    def __init__(self) -> None:
        self._started_at: float | None = None
        self._stopped_at: float | None = None

    def start(self) -> StopWatch:
        """Starts, or starts again."""
        self._started_at = Time.monotonic()
        return self

    def elapsed(self) -> float:
        """Seconds from the start to the stop, or to now."""
        if self._started_at is None:
            raise RuntimeError(
                "Can not get the elapsed time of a stopwatch if it has not been started/stopped"
            )
        end = Time.monotonic() if self._stopped_at is None else self._stopped_at
        return end - self._started_at

    def stop(self) -> StopWatch:
        """Stops."""
        if self._started_at is None:
            raise RuntimeError("Can not stop a stopwatch that has not been started")
        self._stopped_at = Time.monotonic()
        return self

    def __enter__(self) -> StopWatch:
        return self.start()

    def __exit__(
        self,
        tp: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class HourGlass:
    """Runs out after some seconds, once it has been turned."""

    def __init__(self, duration: float) -> None:
        self._duration = duration
        self._end_at = 0.0

    def turn(self) -> None:
        """Starts it, or starts it again."""
        self._end_at = Time.monotonic() + self._duration

    def trickling(self) -> bool:
        """Whether there is sand left."""
        return Time.monotonic() < self._end_at

    def __enter__(self) -> HourGlass:
        self.turn()
        return self

    def __exit__(self, tp: object, value: object, traceback: object) -> None:
        pass
