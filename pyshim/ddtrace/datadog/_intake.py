"""Entries on their way to an intake, collected and sent by the native core."""

from __future__ import annotations

import json
from typing import Any

from ddtrace import _native


_MOST_BYTES = 990_000  # of a text; an entry with its other fields stays below what the intake takes


class FlushError(RuntimeError):
    """What was sent has not been taken: `status` is 0 when nobody answered."""

    def __init__(self, what: str, status: int, text: str) -> None:
        reason = f"HTTP status {status}" if status else "no answer"
        super().__init__(f"{what} were not taken: {reason}: {text.strip()[:500]}")
        self.status = status


class Intake:
    """One kind of entries: made with the first one, since it needs an API key."""

    def __init__(
        self,
        what: str,
        url: str,
        target: str,
        around: tuple[str, str],
        max_bytes: int,
        entries: int,
        period: float,
    ) -> None:
        self.what = what
        self._settings = (url, target, around, max_bytes, entries, period)
        self._batch: _native.Batch | None = None

    def add(self, api_key: str, entry: dict[str, Any]) -> bool:
        """Takes an entry; False when it is too large, or too much is waiting."""
        if self._batch is None:
            url, target, (opening, closing), max_bytes, entries, period = self._settings
            headers = {"DD-API-KEY": api_key, "Content-Type": "application/json"}
            self._batch = _native.Batch(
                url, target, headers, opening, closing, max_bytes, entries, period
            )
        text = json.dumps(entry, default=str, separators=(",", ":"), ensure_ascii=False)
        return self._batch.add(text.encode(errors="replace"))

    def flush(self, timeout: float) -> bool:
        """Sends what is there; False at the timeout. Raises FlushError for what was not taken."""
        if self._batch is None:
            return True
        done = self._batch.flush(timeout)
        for status, text in self._batch.take_troubles():
            raise FlushError(self.what, status, text)
        return done


def cut(text: str) -> str:
    """A text that is short enough for an entry, however it is written."""
    while len(text) > _MOST_BYTES // 6:  # a character takes six bytes at most
        size = len(json.dumps(text, ensure_ascii=False).encode(errors="replace"))
        if size <= _MOST_BYTES:
            break
        text = text[: len(text) * _MOST_BYTES // size * 99 // 100] + "..."
    return text


def needed_key(api_key: str, what: str) -> str:
    """The API key, or a ValueError that says how to give one."""
    if not api_key:
        raise ValueError(
            f"{what} need an API key: give DDConfig(api_key=...) or set DD_API_KEY"
        )
    return api_key
