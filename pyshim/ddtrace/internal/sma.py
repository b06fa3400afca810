"""How much of what came lately was lost."""

from __future__ import annotations


class SimpleMovingAverage:
    """The share that counts have of their totals, over the last `size` of them."""

    __slots__ = ("_counts", "_place", "_totals")

    def __init__(self, size: int) -> None:
        size = max(1, size)
        self._counts = [0] * size
        self._totals = [0] * size
        self._place = 0

    def get(self) -> float:
        """The share; 0 when nothing came."""
        total = sum(self._totals)
        return sum(self._counts) / total if total else 0.0

    def set(self, count: int, total: int) -> None:
        """The next count of a total; the oldest is forgotten."""
        self._counts[self._place] = min(count, total)
        self._totals[self._place] = total
        self._place = (self._place + 1) % len(self._counts)
