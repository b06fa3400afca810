"""Wrapping functions of other people's modules, for instrumentation that is written by hand.

Where `wrapt` is installed its wrappers are used, so that what knows them goes on working; without
it, these do the same for functions and methods.
"""

from __future__ import annotations

import importlib
import inspect
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Wrapper = Callable[[Any, Any, tuple[Any, ...], dict[str, Any]], Any]

class ObjectProxy:
    """Stands for an object: attributes, and what Python looks up on types, come from it."""

    __slots__ = ("__wrapped__", "__dict__")

    def __init__(self, wrapped: Any) -> None:
        object.__setattr__(self, "__wrapped__", wrapped)

    def __init_subclass__(cls, transparent: bool = False) -> None:
        # A class has these two of its own, which hide those of what is wrapped.
        for name in ("__doc__", "__module__") if transparent else ():
            setattr(cls, name, ObjectProxy.__dict__[name])

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self.__wrapped__.__class__

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return self.__wrapped__.__doc__

    @property
    def __module__(self) -> Any:  # type: ignore[override]
        return self.__wrapped__.__module__

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "__wrapped__"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_self_") or name == "__wrapped__":
            object.__setattr__(self, name, value)
        elif hasattr(type(self), name):
            object.__setattr__(self, name, value)
        else:
            setattr(self.__wrapped__, name, value)

    def __delattr__(self, name: str) -> None:
        if name.startswith("_self_"):
            object.__delattr__(self, name)
        else:
            delattr(self.__wrapped__, name)

    def __dir__(self) -> list[str]:
        return dir(self.__wrapped__)

    def __repr__(self) -> str:
        wrapped = self.__wrapped__
        return f"<{type(self).__name__} at {id(self):#x} for {type(wrapped).__name__} at {id(wrapped):#x}>"

    def __str__(self) -> str:
        return str(self.__wrapped__)

    def __eq__(self, other: object) -> bool:
        return bool(self.__wrapped__ == other)

    def __ne__(self, other: object) -> bool:
        return bool(self.__wrapped__ != other)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __bool__(self) -> bool:
        return bool(self.__wrapped__)

    def __len__(self) -> int:
        return len(self.__wrapped__)

    def __iter__(self) -> Any:
        return iter(self.__wrapped__)

    def __next__(self) -> Any:
        return next(self.__wrapped__)

    def __contains__(self, item: Any) -> bool:
        return item in self.__wrapped__

    def __getitem__(self, key: Any) -> Any:
        return self.__wrapped__[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.__wrapped__[key] = value

    def __delitem__(self, key: Any) -> None:
        del self.__wrapped__[key]

    def __enter__(self) -> Any:
        return self.__wrapped__.__enter__()

    def __exit__(self, *exc: Any) -> Any:
        return self.__wrapped__.__exit__(*exc)

    def __aenter__(self) -> Any:
        return self.__wrapped__.__aenter__()

    def __aexit__(self, *exc: Any) -> Any:
        return self.__wrapped__.__aexit__(*exc)

    def __aiter__(self) -> Any:
        return self.__wrapped__.__aiter__()

    def __anext__(self) -> Any:
        return self.__wrapped__.__anext__()

    def __await__(self) -> Any:
        return self.__wrapped__.__await__()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__wrapped__(*args, **kwargs)


class _Bound(ObjectProxy, transparent=True):
    def __init__(self, wrapped: Any, instance: Any, wrapper: Wrapper, parent: Any) -> None:
        super().__init__(wrapped)
        self._self_instance = instance
        self._self_wrapper = wrapper
        self._self_parent = parent

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._self_instance is None:
            # Called through the class: the first argument is the instance.
            if args and isinstance(args[0], self._self_parent):
                function = self.__wrapped__
                bound = function.__get__(args[0]) if hasattr(function, "__get__") else function
                return self._self_wrapper(bound, args[0], args[1:], kwargs)
        return self._self_wrapper(self.__wrapped__, self._self_instance, args, kwargs)


class FunctionWrapper(ObjectProxy, transparent=True):
    """Calls `wrapper(wrapped, instance, args, kwargs)` instead of `wrapped(*args, **kwargs)`."""

    def __init__(self, wrapped: Any, wrapper: Wrapper) -> None:
        super().__init__(wrapped)
        self._self_wrapper = wrapper

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        instance = getattr(self.__wrapped__, "__self__", None)
        return self._self_wrapper(self.__wrapped__, instance, args, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        wrapped = self.__wrapped__
        if inspect.isclass(wrapped) or not hasattr(type(wrapped), "__get__"):
            return self
        bound = wrapped.__get__(instance, owner)
        if isinstance(wrapped, staticmethod):
            return _Bound(bound, None, self._self_wrapper, ())
        if isinstance(wrapped, classmethod):
            return _Bound(bound, owner, self._self_wrapper, ())
        return _Bound(bound, instance, self._self_wrapper, owner or type(instance))


def _types() -> tuple[type, ...]:
    wrapt = sys.modules.get("wrapt")
    proxies = [getattr(wrapt, name, None) for name in ("ObjectProxy", "BaseObjectProxy")]
    return (ObjectProxy, *(proxy for proxy in proxies if isinstance(proxy, type)))


def is_wrapper(o: object) -> bool:
    """Whether it is a proxy or a wrapper, ours or one of `wrapt`."""
    return issubclass(type(o), _types())


def resolve_path(module: Any, name: str) -> tuple[Any, str, Any]:
    """The object that holds the last name of "A.b.c", that name, and what it stands for."""
    if isinstance(module, str):
        module = importlib.import_module(module)
    parent = module
    *path, attribute = name.split(".")
    for step in path:
        parent = getattr(parent, step)
    if inspect.isclass(parent):
        for owner in inspect.getmro(parent):
            if attribute in vars(owner):
                return parent, attribute, vars(owner)[attribute]
    return parent, attribute, getattr(parent, attribute)


def wrap_function_wrapper(target: Any, name: str, wrapper: Wrapper) -> Any:
    """Puts a wrapper around `target.name`; `target` may be the name of a module."""
    try:
        from wrapt import wrap_function_wrapper as theirs  # type: ignore[import-not-found]
    except ImportError:
        parent, attribute, original = resolve_path(target, name)
        made = FunctionWrapper(original, wrapper)
        setattr(parent, attribute, made)
        return made
    return theirs(target, name, wrapper)
