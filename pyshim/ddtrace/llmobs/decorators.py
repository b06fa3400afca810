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


def _wrap(kind: str, original_func: Any, name: str | None) -> Any:
    from ddtrace.trace import tracer

    def wrap(function: Any) -> Any:
        return tracer.wrap(name or function.__name__, resource=kind, span_type=SpanTypes.LLM)(
            function
        )

    return wrap(original_func) if callable(original_func) else wrap


def _of_models(kind: str) -> Decorator:
    def decorate(
        original_func: Any = None,
        model_name: str | None = None,
        model_provider: str | None = None,
        name: str | None = None,
        session_id: str | None = None,
        ml_app: str | None = None,
        agent_service: str | None = None,
    ) -> Any:
        return _wrap(kind, original_func, name)

    decorate.__name__ = decorate.__qualname__ = kind
    return decorate


def _of_work(kind: str) -> Decorator:
    def decorate(
        original_func: Any = None,
        name: str | None = None,
        session_id: str | None = None,
        ml_app: str | None = None,
        agent_service: str | None = None,
        version: str | None = None,
        _automatic_io_annotation: bool = True,
    ) -> Any:
        return _wrap(kind, original_func, name)

    decorate.__name__ = decorate.__qualname__ = kind
    return decorate


llm = _of_models("llm")
embedding = _of_models("embedding")
workflow = _of_work("workflow")
task = _of_work("task")
tool = _of_work("tool")
retrieval = _of_work("retrieval")
agent = _of_work("agent")
