"""Decorators that make a span of every call; with or without arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, overload

from ddtrace.ext import SpanTypes

F = TypeVar("F", bound=Callable[..., Any])


class Decorator(Protocol):
    """Takes a function, or says how it is to be traced."""

    @overload
    def __call__(self, original_func: F) -> F: ...
    @overload
    def __call__(
        self, original_func: None = None, *args: Any, **kwargs: Any
    ) -> Callable[[F], F]: ...


UNKNOWN_MODEL_NAME = "unknown"


def _decorator(kind: str) -> Decorator:
    def decorate(original_func: Any = None, *args: Any, name: str | None = None, **kwargs: Any) -> Any:
        from ddtrace.trace import tracer

        def wrap(function: Any) -> Any:
            return tracer.wrap(
                name or function.__name__, resource=kind, span_type=SpanTypes.LLM
            )(function)

        return wrap(original_func) if callable(original_func) else wrap

    decorate.__name__ = decorate.__qualname__ = kind
    return decorate


llm = _decorator("llm")
embedding = _decorator("embedding")
workflow = _decorator("workflow")
task = _decorator("task")
tool = _decorator("tool")
retrieval = _decorator("retrieval")
agent = _decorator("agent")
