"""Code that sees spans on their way: processors, filters, and where finished traces go."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ddtrace import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol

    from ddtrace._native import Span

    class Writer(Protocol):
        """Takes the spans of finished traces."""

        def write(self, spans: Sequence[Span]) -> Any:
            """Takes the spans of a trace."""


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
            raise ValueError(f"Span processor {self!r} not registered") from None
        update_listeners()


_event_listeners: dict[str, Callable[[Span], None]] = {}


def listen(event: str, callback: Callable[[Span], None] | None) -> None:
    """Calls back with each span for `trace.span_start` or `trace.span_finish`; None stops it."""
    if callback is None:
        _event_listeners.pop(event, None)
    else:
        _event_listeners[event] = callback
    update_listeners()


def update_listeners() -> None:
    """Tells the native core who is to hear of spans."""
    processors = SpanProcessor.__processors__
    start: list[Callable[[Span], None]] = [p.on_span_start for p in processors]
    finish: list[Callable[[Span], None]] = [p.on_span_finish for p in processors]
    if "trace.span_start" in _event_listeners:
        start.append(_event_listeners["trace.span_start"])
    if "trace.span_finish" in _event_listeners:
        finish.insert(0, _event_listeners["trace.span_finish"])
    _native.set_listeners(start, finish)


class NativeWriter:
    """The writer of the native core, as far as Python may see it."""

    @property
    def intake_url(self) -> str:
        """Where traces are sent."""
        return _native.agent_url()

    def write(self, spans: Sequence[Span] | None = None) -> None:
        """Spans reach the native writer by themselves."""

    def flush_queue(self, raise_exc: bool = False) -> None:
        """Sends what is waiting."""
        from ddtrace._trace.tracer import tracer

        _native.TracerBase.flush(tracer)

    def recreate(self, *args: object, **kwargs: object) -> NativeWriter:
        """There is only one."""
        return self

    def stop(self, timeout: float | None = None) -> None:
        """Sends what is waiting."""
        self.flush_queue()


class SpanAggregator:
    """Collects spans to traces. The work is native; here is what may be replaced."""

    def __init__(self) -> None:
        self._native_writer = NativeWriter()
        self._writer: Writer = self._native_writer
        self._user_processors: list[TraceProcessor] = []

    @property
    def writer(self) -> Any:
        """Takes finished traces: anything with `write(list[Span])`."""
        return self._writer

    @writer.setter
    def writer(self, writer: Writer) -> None:
        self._writer = writer
        _native.set_writer(None if writer is self._native_writer else writer)

    @property
    def user_processors(self) -> list[TraceProcessor]:
        """The processors of the application, in order."""
        return self._user_processors

    @user_processors.setter
    def user_processors(self, processors: Sequence[TraceProcessor]) -> None:
        self._user_processors = list(processors)
        _native.set_processors(self._user_processors)

    @property
    def partial_flush_enabled(self) -> bool:
        """Whether traces are sent in parts."""
        return _native.partial_flush() > 0

    @partial_flush_enabled.setter
    def partial_flush_enabled(self, enabled: bool) -> None:
        if enabled != self.partial_flush_enabled:
            _native.partial_flush(300 if enabled else 0)

    @property
    def partial_flush_min_spans(self) -> int:
        """Finished spans that make a part."""
        return _native.partial_flush() or 300

    @partial_flush_min_spans.setter
    def partial_flush_min_spans(self, spans: int) -> None:
        _native.partial_flush(max(1, spans))

    def reset(
        self, user_processors: Sequence[TraceProcessor] | None = None, **unused: object
    ) -> None:
        """Takes other processors and sends what is waiting."""
        if user_processors is not None:
            self.user_processors = list(user_processors)
        self._flush()

    def shutdown(self, timeout: float | None = None) -> None:
        """Sends what is waiting."""
        self._flush()

    def _flush(self) -> None:
        flush = getattr(self._writer, "flush_queue", None)
        if flush is not None:
            flush()
