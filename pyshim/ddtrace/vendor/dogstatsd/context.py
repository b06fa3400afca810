"""Measuring blocks and functions."""

from __future__ import annotations

import functools
import inspect
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class TimedContextManagerDecorator:
    """Reports how long a block or a function takes, in seconds or milliseconds."""

    def __init__(
        self,
        statsd: Any,
        metric: str | None = None,
        tags: list[str] | None = None,
        sample_rate: float = 1,
        use_ms: bool | None = None,
    ) -> None:
        self.statsd = statsd
        self.timing_func = statsd.timing
        self.metric = metric
        self.tags = tags
        self.sample_rate = sample_rate
        self.use_ms = use_ms
        self.elapsed: float | None = None

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        if not self.metric:
            self.metric = f"{func.__module__}.{func.__name__}"
        if inspect.iscoroutinefunction(func):

            @functools.wraps(func)
            async def run(*args: Any, **kwargs: Any) -> Any:
                start = monotonic()
                try:
                    return await func(*args, **kwargs)
                finally:
                    self._send(start)

            return run

        @functools.wraps(func)
        def call(*args: Any, **kwargs: Any) -> Any:
            start = monotonic()
            try:
                return func(*args, **kwargs)
            finally:
                self._send(start)

        return call

    def __enter__(self) -> TimedContextManagerDecorator:
        if not self.metric:
            raise TypeError("Cannot used timed without a metric!")
        self._start = monotonic()
        return self

    def __exit__(self, *exc: object) -> None:
        self._send(self._start)

    def _send(self, start: float) -> None:
        elapsed = monotonic() - start
        use_ms = self.use_ms if self.use_ms is not None else self.statsd.use_ms
        self.elapsed = round(1000 * elapsed) if use_ms else elapsed
        self.timing_func(self.metric, self.elapsed, self.tags, self.sample_rate)

    def start(self) -> None:
        """Starts the time."""
        self.__enter__()

    def stop(self) -> None:
        """Stops it, and reports."""
        self.__exit__(None, None, None)


class DistributedContextManagerDecorator(TimedContextManagerDecorator):
    """The same, as a distribution."""

    def __init__(
        self,
        statsd: Any,
        metric: str | None = None,
        tags: list[str] | None = None,
        sample_rate: float = 1,
        use_ms: bool | None = None,
    ) -> None:
        super().__init__(statsd, metric, tags, sample_rate, use_ms)
        self.timing_func = statsd.distribution
