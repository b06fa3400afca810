"""Decorated functions: a span from the call to the end of its work."""

from __future__ import annotations

import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from typing import Any

    from ddtrace._native import Span

_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200  # bits of a code object's flags


def kind_of(function: Callable[..., Any]) -> int:
    """The flag of generators, coroutines or asynchronous generators, or 0."""
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    flags = code.co_flags if code is not None else 0
    return int(flags & (_GENERATOR | _COROUTINE | _ASYNC_GENERATOR))


def innermost(function: Any) -> Any:
    """What decorators were put around."""
    for _ in range(100):  # some objects have any attribute
        inner = getattr(function, "__wrapped__", None)
        if inner is None:
            break
        function = inner
    return function


def default_name(function: Callable[..., Any]) -> str:
    """`module.function`, or with the class where that is asked for."""
    plain = f"{function.__module__}.{function.__name__}"
    own = getattr(function, "__qualname__", function.__name__).rpartition("<locals>.")[2]
    if "." not in own:
        return plain
    from ddtrace.internal.settings._config import config

    full = f"{function.__module__}.{own}"
    if config._trace_wrap_span_name_include_class:
        return full
    from ddtrace.internal.utils.deprecations import deprecate

    deprecate(
        "The default span name for @tracer.wrap on methods does not include the class name",
        message=f"In a future major release the span name will be '{full}'. Set "
        "DD_TRACE_WRAP_SPAN_NAME_INCLUDE_CLASS=true to have it now.",
        removal_version="5.0.0",
        stacklevel=3,  # in this package, where warnings are silent unless asked for
    )
    return plain


def wrap_function(
    function: Callable[..., Any],
    start: Callable[[tuple[Any, ...]], Span],
    executor: Callable[[], Callable[[Callable[..., Any], Any, Any], Any] | None],
) -> Callable[..., Any]:
    """The function with a span around each call, which `start` makes of its arguments by position;
    `executor` says who calls it instead, if any."""
    kind = kind_of(function)
    if kind == _GENERATOR:

        @functools.wraps(function)
        def generate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            if (execute := executor()) is not None:
                return execute(function, args, kwargs)
            with start(args):
                return (yield from function(*args, **kwargs))

        return generate
    if kind == _ASYNC_GENERATOR:

        @functools.wraps(function)
        async def generate_async(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            with start(args):
                generator = function(*args, **kwargs)
                try:
                    item = await generator.__anext__()
                    while True:
                        try:
                            sent = yield item
                        except GeneratorExit:
                            raise
                        except BaseException as error:
                            item = await generator.athrow(error)
                        else:
                            item = await generator.asend(sent)
                except StopAsyncIteration:
                    return
                finally:
                    await generator.aclose()

        return generate_async
    if kind == _COROUTINE:

        @functools.wraps(function)
        async def run(*args: Any, **kwargs: Any) -> Any:
            with start(args):
                return await function(*args, **kwargs)

        return run

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if (execute := executor()) is not None:
            return execute(function, args, kwargs)
        with start(args):
            return function(*args, **kwargs)

    return call
