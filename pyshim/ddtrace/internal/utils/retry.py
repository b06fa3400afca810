"""Trying again."""

from __future__ import annotations

import random
import time
from functools import wraps
from itertools import chain, repeat
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class RetryError(Exception):
    """The last try gave no result that was wanted; its argument is what it gave."""


def retry(
    after: int | float | Iterable[int | float],
    until: Callable[[Any], bool] = lambda result: result is None,
    initial_wait: float = 0,
    sleep_func: Callable[[float], Any] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that calls again, after these waits, until a result is wanted.

    An exception counts as a result. The last one is raised when the waits are over.
    """
    waits = repeat(after) if isinstance(after, (int, float)) else after

    def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(f)
        def again(*args: Any, **kwargs: Any) -> Any:
            sleep = sleep_func or time.sleep
            sleep(initial_wait)
            result: Any = None
            # The last wait is none: its try is the last.
            for wait in chain(waits, (None,)):
                try:
                    result = f(*args, **kwargs)
                except Exception as error:
                    result = error
                if until(result):
                    return result
                if wait is not None:
                    sleep(wait)
            if isinstance(result, Exception):
                raise result
            raise RetryError(result)

        return again

    return decorate


def fibonacci_backoff_with_jitter(
    attempts: int,
    initial_wait: float = 1.0,
    until: Callable[[Any], bool] = lambda result: result is None,
    sleep_func: Callable[[float], Any] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The same, with random waits whose limits grow as the numbers of Fibonacci do."""

    class Waits:
        def __iter__(self) -> Iterator[float]:
            last, limit = 0.0, float(initial_wait)
            for _ in range(attempts - 1):
                yield random.uniform(0, limit)
                last, limit = limit, last + limit

    return retry(Waits(), until, sleep_func=sleep_func)
