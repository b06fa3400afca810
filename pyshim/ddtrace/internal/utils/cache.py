"""Keeping results."""

from __future__ import annotations

from functools import lru_cache, wraps
from inspect import getfullargspec
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def cached(maxsize: int = 256) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that keeps the last results by arguments."""
    return lru_cache(maxsize)


class CachedMethodDescriptor:
    """A method with a cache in each instance."""

    def __init__(self, method: Callable[[Any, Any], Any], maxsize: int) -> None:
        self._method = method
        self._maxsize = maxsize
        self._name = method.__name__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, obj: Any, objtype: type | None = None) -> Any:
        if obj is None:
            return self
        bound = lru_cache(self._maxsize)(self._method.__get__(obj, objtype))
        obj.__dict__[self._name] = bound
        return bound


def cachedmethod(
    maxsize: int = 256,
) -> Callable[[Callable[[Any, Any], Any]], CachedMethodDescriptor]:
    """The same for methods; the cache goes with the instance."""

    def decorate(method: Callable[[Any, Any], Any]) -> CachedMethodDescriptor:
        return CachedMethodDescriptor(method, maxsize)

    return decorate


def callonce(f: Callable[[], Any]) -> Callable[[], Any]:
    """A decorator for functions without arguments that are called once: the result, or the
    exception, stays."""
    spec = getfullargspec(f)
    if spec.args or spec.varargs or spec.varkw or spec.kwonlyargs:
        raise ValueError(
            "The callonce decorator can only be applied to functions with no arguments"
        )
    outcome: list[tuple[Any, BaseException | None]] = []

    @wraps(f)
    def once() -> Any:
        if not outcome:
            try:
                outcome.append((f(), None))
            except Exception as error:
                outcome.append((None, error))
        value, failure = outcome[0]
        if failure is not None:
            raise failure
        return value

    return once
