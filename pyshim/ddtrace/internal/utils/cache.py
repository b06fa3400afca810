"""Keeping results."""

from __future__ import annotations

import weakref
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


class IdentityWeakKeyDictionary:
    """Values of objects by identity, gone with the objects."""

    __slots__ = ("_data",)

    def __init__(self) -> None:
        self._data: dict[int, tuple[weakref.ref[Any], Any]] = {}

    def __setitem__(self, key: Any, value: Any) -> None:
        place, data = id(key), self._data
        data[place] = (weakref.ref(key, lambda _: data.pop(place, None) and None), value)

    def __getitem__(self, key: Any) -> Any:
        return self._data[id(key)][1]

    def __contains__(self, key: object) -> bool:
        return id(key) in self._data

    def __delitem__(self, key: Any) -> None:
        del self._data[id(key)]

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of an object, or the default."""
        return self._data.get(id(key), (None, default))[1]

    def pop(self, key: Any, *default: Any) -> Any:
        """Removes an object; its value, or the default."""
        if default and id(key) not in self._data:
            return default[0]
        return self._data.pop(id(key))[1]
