"""Handlers of signals that leave those before them in place."""

from __future__ import annotations

import signal
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def handle_signal(sig: int, f: Callable[[int, FrameType | None], Any]) -> Any:
    """Calls `f` before the handler that was there; returns that one."""
    before = signal.getsignal(sig)

    def wrap_signals(signum: int, frame: FrameType | None) -> Any:
        f(signum, frame)
        if callable(before):
            return before(signum, frame)
        if before is signal.SIG_DFL:
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)
        return None

    return signal.signal(sig, wrap_signals)
