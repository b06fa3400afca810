"""Wrapping a function inside: whoever holds it calls the wrapper.

The function keeps its identity, its name and its signature; its code becomes a call of
`wrapper(function, args, kwargs)`, where `function` does what it did before.
"""

from __future__ import annotations

import inspect
from types import CodeType, FunctionType
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Wrapper = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]

_WRAPPER, _INNER = "the wrapper", "the function inside"


def _call() -> CodeType:
    def call(*args, **kwargs):  # type: ignore[no-untyped-def]
        wrapper, inner = "the wrapper", "the function inside"
        return wrapper(inner, args, kwargs)  # type: ignore[operator]

    return call.__code__


def _generate() -> CodeType:
    def generate(*args, **kwargs):  # type: ignore[no-untyped-def]
        wrapper, inner = "the wrapper", "the function inside"
        return (yield from wrapper(inner, args, kwargs))  # type: ignore[operator]

    return generate.__code__


def _await() -> CodeType:
    async def run(*args, **kwargs):  # type: ignore[no-untyped-def]
        wrapper, inner = "the wrapper", "the function inside"
        return await wrapper(inner, args, kwargs)  # type: ignore[operator]

    return run.__code__


def _generate_async() -> CodeType:
    async def generate(*args, **kwargs):  # type: ignore[no-untyped-def]
        wrapper, inner = "the wrapper", "the function inside"
        inside = wrapper(inner, args, kwargs)  # type: ignore[operator]
        try:
            item = await inside.__anext__()
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    raise
                except BaseException as error:
                    item = await inside.athrow(error)
                else:
                    item = await inside.asend(sent)
        except StopAsyncIteration:
            return
        finally:
            await inside.aclose()

    return generate.__code__


def _template(function: FunctionType) -> CodeType:
    if inspect.isasyncgenfunction(function):
        return _generate_async()
    if inspect.iscoroutinefunction(function):
        return _await()
    return _generate() if inspect.isgeneratorfunction(function) else _call()


def _plain(f: Any) -> FunctionType:
    function: Any = getattr(f, "__func__", f) if inspect.ismethod(f) else f
    plain: FunctionType = function
    return plain


def _layer(f: Any) -> tuple[Any, FunctionType] | None:
    """The outermost wrapper of a function and what is inside it."""
    inner = getattr(_plain(f), "__dd_wrapped__", None)
    return (inner.__dd_wrapper__, inner) if inner is not None else None


def wrap(f: Any, wrapper: Wrapper) -> Any:
    """Puts a wrapper around what a function does; gives the function."""
    function = _plain(f)
    inner: Any = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    inner.__kwdefaults__ = function.__kwdefaults__
    inner.__qualname__ = function.__qualname__
    inner.__module__ = function.__module__
    before = getattr(function, "__dd_wrapped__", None)
    if before is not None:
        inner.__dd_wrapped__ = before
    inner.__dd_wrapper__ = wrapper
    signature = inspect.signature(function)
    code = _template(function)
    things = {_WRAPPER: wrapper, _INNER: inner}
    constants = []
    for constant in code.co_consts:
        if isinstance(constant, tuple):
            constant = tuple(things.get(item, item) for item in constant)
        elif isinstance(constant, str):
            constant = things.get(constant, constant)
        constants.append(constant)
    target: Any = function
    target.__code__ = code.replace(
        co_consts=tuple(constants),
        co_name=function.__code__.co_name,
        co_filename=function.__code__.co_filename,
        co_firstlineno=function.__code__.co_firstlineno,
        co_freevars=function.__code__.co_freevars,
    )
    # The arguments go on as they came; the defaults are filled in inside.
    target.__defaults__ = target.__kwdefaults__ = None
    target.__signature__ = signature
    target.__dd_wrapped__ = inner
    return f


def unwrap(wf: Any, wrapper: Wrapper) -> Any:
    """Takes a wrapper off again, the outermost of its kind; gives the function."""
    function: Any = _plain(wf)
    layer = _layer(function)
    if layer is None:
        return wf
    outermost, inner = layer
    if outermost is not wrapper:
        unwrap(inner, wrapper)
        return wf
    function.__code__ = inner.__code__
    function.__defaults__ = inner.__defaults__
    function.__kwdefaults__ = inner.__kwdefaults__
    before = getattr(inner, "__dd_wrapped__", None)
    if before is None:
        for name in ("__dd_wrapped__", "__signature__"):
            vars(function).pop(name, None)
    else:
        function.__dd_wrapped__ = before
    return wf


def is_wrapped(f: Any) -> bool:
    """Whether there is a wrapper around it."""
    return _layer(f) is not None


def is_wrapped_with(f: Any, wrapper: Wrapper) -> bool:
    """Whether this wrapper is around it."""
    layer = _layer(f)
    while layer is not None:
        if layer[0] is wrapper:
            return True
        layer = _layer(layer[1])
    return False


def get_wrapped(f: Any) -> FunctionType | None:
    """What is inside the outermost wrapper."""
    layer = _layer(f)
    return None if layer is None else layer[1]
