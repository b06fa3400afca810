"""Limits how often something may happen."""

from __future__ import annotations

import threading
import time


class RateLimitExceeded(Exception):
    """It has happened often enough."""


class RateLimiter:
    """Lets `rate_limit` events through in a window of `time_window` nanoseconds.

    0 lets nothing through, a negative number everything.
    """

    __slots__ = (
        "_lock",
        "current_window_ns",
        "last_update_ns",
        "max_tokens",
        "prev_window_rate",
        "rate_limit",
        "time_window",
        "tokens",
        "tokens_allowed",
        "tokens_total",
    )

    def __init__(self, rate_limit: int, time_window: float = 1e9) -> None:
        self.rate_limit = rate_limit
        self.time_window = time_window
        self.tokens: float = rate_limit
        self.max_tokens = rate_limit
        self.last_update_ns = time.monotonic_ns()
        self.current_window_ns = 0
        self.tokens_allowed = 0
        self.tokens_total = 0
        self.prev_window_rate: float | None = None
        self._lock = threading.Lock()

    def is_allowed(self) -> bool:
        """Whether one more may happen now; it counts as one."""
        now = time.monotonic_ns()
        with self._lock:
            allowed = self._take(now)
            self._count(allowed, now)
        return allowed

    def _take(self, now: int) -> bool:
        if self.rate_limit <= 0:
            return self.rate_limit < 0
        if self.tokens < self.max_tokens:
            gained = (now - self.last_update_ns) / self.time_window * self.rate_limit
            self.tokens = min(self.max_tokens, self.tokens + gained)
        self.last_update_ns = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def _count(self, allowed: bool, now: int) -> None:
        if self.current_window_ns == 0 or now - self.current_window_ns >= self.time_window:
            if self.current_window_ns:
                self.prev_window_rate = self._current_window_rate()
            self.current_window_ns = now
            self.tokens_allowed = self.tokens_total = 0
        self.tokens_allowed += allowed
        self.tokens_total += 1

    def _current_window_rate(self) -> float:
        return self.tokens_allowed / self.tokens_total if self.tokens_total else 1.0

    @property
    def effective_rate(self) -> float:
        """The share that was let through, of this window and the one before."""
        now = self._current_window_rate()
        return now if self.prev_window_rate is None else (now + self.prev_window_rate) / 2

    def __repr__(self) -> str:
        return (
            f"RateLimiter(rate_limit={self.rate_limit}, tokens={self.tokens}, "
            f"last_update_ns={self.last_update_ns}, effective_rate={self.effective_rate})"
        )

    __str__ = __repr__
