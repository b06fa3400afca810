"""Functions for the end of the process."""

from __future__ import annotations

import atexit
import signal
import threading
from types import FrameType
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_registered: dict[Callable[..., Any], Callable[..., Any]] = {}


def register(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """Calls `func` at the end; what it raises is logged."""

    def quietly() -> None:
        try:
            func(*args, **kwargs)
        except Exception:
            from ddtrace.internal.logger import get_logger

            get_logger(__name__).debug("exception in exit function %r", func, exc_info=True)

    _registered[func] = quietly
    atexit.register(quietly)
    return func


def unregister(func: Callable[..., Any]) -> None:
    """Takes it out again."""
    atexit.unregister(_registered.pop(func, func))


def register_on_exit_signal(f: Callable[..., Any]) -> tuple[Any, Any] | None:
    """Calls `f` when the process is told to end; gives the handlers that were there."""
    if threading.current_thread() is not threading.main_thread():
        return None

    def around(number: int) -> Any:
        before = signal.getsignal(number)

        def handle(signum: int, frame: FrameType | None) -> None:
            f()
            if callable(before):
                before(signum, frame)
            elif before == signal.SIG_DFL:
                signal.signal(signum, signal.SIG_DFL)
                signal.raise_signal(signum)

        signal.signal(number, handle)
        return before

    return around(signal.SIGTERM), around(signal.SIGINT)
