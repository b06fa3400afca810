"""Code that sees spans on their way: processors, filters, and where finished traces go."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ddtrace import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ddtrace._native import Span
    from ddtrace._trace._aggregator import SpanAggregator, TraceSamplingProcessor

    __all__ = ["SpanAggregator", "SpanProcessor", "TraceFilter", "TraceProcessor",
               "TraceSamplingProcessor"]


class TraceProcessor(ABC):
    """Sees and changes the finished spans of a trace before it is sent."""

    @abstractmethod
    def process_trace(self, trace: list[Span]) -> list[Span] | None:
        """The spans to send, or None to drop them all."""


class TraceFilter(TraceProcessor):
    """Subclass it and hand it to `tracer.configure(trace_processors=[...])`."""


class SpanProcessor(ABC):
    """Sees each span when it starts and when it ends, once it is registered."""

    __processors__: list[SpanProcessor] = []

    @abstractmethod
    def on_span_start(self, span: Span) -> None:
        """The span has started."""

    @abstractmethod
    def on_span_finish(self, span: Span) -> None:
        """The span has ended; it has not been sent."""

    def shutdown(self, timeout: float | None) -> None:
        """The tracer stops."""

    def register(self) -> None:
        """From now on it sees all spans."""
        SpanProcessor.__processors__.append(self)
        update_listeners()

    def unregister(self) -> None:
        """From now on it sees none."""
        try:
            SpanProcessor.__processors__.remove(self)
        except ValueError:
            from ddtrace.internal.logger import get_logger

            get_logger(__name__).warning("span processor %r was not registered", self)
        update_listeners()


_event_listeners: dict[str, Callable[[Span], None]] = {}


def listen(event: str, callback: Callable[[Span], None] | None) -> None:
    """Calls back with each span for `trace.span_start` or `trace.span_finish`; None stops it."""
    if callback is None:
        _event_listeners.pop(event, None)
    else:
        _event_listeners[event] = callback
    update_listeners()


def _while_tracing(call: Callable[[Span], None]) -> Callable[[Span], None]:
    from ddtrace._trace.tracer import tracer

    is_on = vars(_native.TracerBase)["enabled"].__get__

    def told(span: Span) -> None:
        if is_on(tracer):
            call(span)

    return told


def update_listeners() -> None:
    """Tells the native core who is to hear of spans."""
    processors = SpanProcessor.__processors__
    start = [_while_tracing(p.on_span_start) for p in processors]
    finish = [_while_tracing(p.on_span_finish) for p in processors]
    if "trace.span_start" in _event_listeners:
        start.append(_event_listeners["trace.span_start"])
    if "trace.span_finish" in _event_listeners:
        finish.insert(0, _event_listeners["trace.span_finish"])
    _native.set_listeners(start, finish)


def __getattr__(name: str) -> Any:
    if name in ("SpanAggregator", "TraceSamplingProcessor"):
        from ddtrace._trace import _aggregator

        return getattr(_aggregator, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), "SpanAggregator", "TraceSamplingProcessor"])
