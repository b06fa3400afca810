"""How spans become traces. For the tracer the work is native, and here is what may be replaced."""

from __future__ import annotations

import threading
from typing import Any

from ddtrace import _native
from ddtrace._trace._reports import report
from ddtrace._trace.processor import SpanProcessor, TraceProcessor
from ddtrace.internal import atexit
from ddtrace.internal.service import ServiceStatusError
from ddtrace.internal.writer.tracers_writer import TracersWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from ddtrace._native import Span
    from ddtrace._trace.sampler import DatadogSampler

    class Writer(Protocol):
        """Takes the spans of finished traces."""

        def write(self, spans: Sequence[Span]) -> Any:
            """Takes the spans of a trace."""


class TraceSamplingProcessor(TraceProcessor):
    """Decides which traces are kept, with a sampler that can be replaced."""

    def __init__(self, live: bool = False) -> None:
        self._live = live
        self._own: DatadogSampler | None = None
        self._given: Any = None

    @property
    def sampler(self) -> Any:
        """A `DatadogSampler`, or anything with `sample(span)`."""
        if self._given is not None:
            return self._given
        if self._own is None:
            from ddtrace._trace.sampler import DatadogSampler, live_sampler

            self._own = live_sampler() if self._live else DatadogSampler()
        return self._own

    @sampler.setter
    def sampler(self, sampler: Any) -> None:
        self._given = None if sampler is self._own else sampler
        if self._live:
            _native.set_sampler(self._given)

    def process_trace(self, trace: list[Span]) -> list[Span] | None:
        """Decides about a trace that has no priority yet."""
        if trace and trace[0].context.sampling_priority is None:
            self.sampler.sample(trace[0]._local_root)
        return trace


class _Trace:
    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.finished = 0


class _Router:
    """Gives the spans of each tracer to its own writer, once there are several tracers."""

    def __init__(self) -> None:
        self.first: Any = None  # the first tracer's, None for the native one
        self.needed = False

    def apply(self) -> None:
        """Tells the native core who gets spans."""
        _native.set_writer(self if self.needed else self.first)

    def write(self, spans: list[Span]) -> None:
        """Takes the spans of a trace."""
        own: dict[SpanAggregator, list[Span]] = {}
        others = []
        for span in spans:
            tracer = span._get_ctx_item(TRACER_OF_SPAN)
            if tracer is None or tracer._aggregator is None or not tracer._aggregator.is_own:
                others.append(span)
            elif tracer.enabled:
                own.setdefault(tracer._aggregator, []).append(span)
        for aggregator, mine in own.items():
            try:
                aggregator._hand_on(mine)
            except Exception as error:
                report("writer", aggregator.writer, mine, error)
        if others and self.first is not None:
            self.first.write(others)
        elif others:
            _native.pass_on(others)


TRACER_OF_SPAN = "tracer"
_router = _Router()


class SpanAggregator(SpanProcessor):
    """Collects spans to traces and hands these to processors and a writer."""

    _live = False
    is_own = True
    _ends_with_process = False

    def __init__(
        self,
        partial_flush_enabled: bool,
        partial_flush_min_spans: int,
        dd_processors: list[TraceProcessor] | None = None,
        user_processors: list[TraceProcessor] | None = None,
    ) -> None:
        self._partial = (partial_flush_enabled, max(1, partial_flush_min_spans))
        self.dd_processors = list(dd_processors or [])
        self._user_processors = list(user_processors or [])
        self.sampling_processor = TraceSamplingProcessor(self._live)
        self._native_writer = TracersWriter()
        self._writer: Any = self._native_writer
        self._traces: dict[int, _Trace] = {}
        self._lock = threading.RLock()

    @property
    def writer(self) -> Any:
        """Takes finished traces: anything with `write(list[Span])`."""
        return self._writer

    @writer.setter
    def writer(self, writer: Writer) -> None:
        self._writer = writer
        if self._live:
            _router.first = None if writer is self._native_writer else writer
            _router.apply()
        if not self._ends_with_process:
            self._ends_with_process = True
            atexit.register(self._stop_at_exit)

    def _stop_at_exit(self) -> None:
        from ddtrace._trace.tracer import Tracer

        if self._writer is not self._native_writer:
            self._stop_writer(Tracer.SHUTDOWN_TIMEOUT)
        self._native_writer.flush_written()

    @property
    def user_processors(self) -> list[TraceProcessor]:
        """The processors of the application, in order."""
        return self._user_processors

    @user_processors.setter
    def user_processors(self, processors: Sequence[TraceProcessor]) -> None:
        self._user_processors = list(processors)
        if self._live:
            _native.set_processors(self._user_processors)

    @property
    def partial_flush_enabled(self) -> bool:
        """Whether traces are sent in parts."""
        return self._partial[0]

    @partial_flush_enabled.setter
    def partial_flush_enabled(self, enabled: bool) -> None:
        if enabled != self.partial_flush_enabled:
            self._partial = (enabled, self.partial_flush_min_spans)

    @property
    def partial_flush_min_spans(self) -> int:
        """Finished spans that make a part."""
        return self._partial[1]

    @partial_flush_min_spans.setter
    def partial_flush_min_spans(self, spans: int) -> None:
        self._partial = (self._partial[0], max(1, spans))

    def on_span_start(self, span: Span) -> None:
        """The span is one of its trace."""
        with self._lock:
            self._traces.setdefault(span.trace_id, _Trace()).spans.append(span)

    def on_span_finish(self, span: Span) -> None:
        """Hands the trace on when this was the last span of it, or enough for a part."""
        with self._lock:
            trace = self._traces.get(span.trace_id)
            if trace is None:
                return
            trace.finished += 1
            enabled, least = self._partial
            if trace.finished >= len(trace.spans):
                del self._traces[span.trace_id]
                ready = trace.spans
            elif enabled and trace.finished >= least:
                ready = [s for s in trace.spans if s.finished]
                trace.spans = [s for s in trace.spans if not s.finished]
                trace.finished = 0
                ready[0].set_metric("_dd.py.partial_flush", len(ready))
            else:
                return
        self._hand_on(ready)

    def _hand_on(self, spans: list[Span]) -> None:
        for processor in [*self.dd_processors, *self._user_processors, self.sampling_processor]:
            try:
                spans = processor.process_trace(spans) or []
            except Exception as error:
                report("processor", processor, spans, error)
            if not spans:
                return
        self._writer.write(spans)

    def reset(
        self,
        user_processors: Sequence[TraceProcessor] | None = None,
        compute_stats: bool | None = None,
        apm_opt_out: bool | None = None,
        appsec_enabled: bool | None = None,
        llmobs_enabled: bool | None = None,
        reset_buffer: bool = True,
        flush_writer: bool | None = None,
    ) -> None:
        """Takes other processors and sends what is waiting."""
        if user_processors is not None:
            self.user_processors = list(user_processors)
        if reset_buffer:
            self.reset_trace_buffer_after_fork()
        if flush_writer is not False:
            self._flush()

    def reset_trace_buffer_after_fork(self) -> None:
        """Forgets the traces that have not ended."""
        with self._lock:
            self._traces = {}

    def shutdown(self, timeout: float | None) -> None:
        """Sends what is waiting."""
        self._flush()

    def _stop_writer(self, timeout: float | None) -> None:
        stop = getattr(self._writer, "stop", None)
        if stop is None:
            self._flush()
            return
        try:
            stop(timeout)
        except ServiceStatusError:
            pass  # nothing was written

    def _renew_writer(self) -> None:
        """Sends what is waiting; another's writer may put a new one in its place."""
        self._flush()
        if self._writer is not self._native_writer and hasattr(self._writer, "recreate"):
            self.writer = self._writer.recreate(appsec_enabled=None, llmobs_enabled=None)

    def restore(self) -> None:
        """As the settings made it."""
        self.writer = self._native_writer
        self.user_processors = []
        self.sampling_processor.sampler = None

    def _flush(self) -> None:
        flush = getattr(self._writer, "flush_queue", None)
        if flush is not None:
            flush()

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.partial_flush_enabled}, {self.partial_flush_min_spans}, "
            f"{self.dd_processors}, {self.user_processors}, {self.writer})"
        )


class SecondAggregator(SpanAggregator):
    """That of a tracer beside the first one, whose spans are its own once it is told so."""

    is_own = False

    def __init__(self) -> None:
        least = _native.partial_flush()
        super().__init__(least > 0, least or 300)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in ("writer", "user_processors") and not self.is_own:
            self.is_own = _router.needed = True
            _router.apply()


class LiveAggregator(SpanAggregator):
    """The tracer's own."""

    _live = True

    def __init__(self) -> None:
        super().__init__(True, 1)

    @property
    def _partial(self) -> tuple[bool, int]:
        least = _native.partial_flush()
        return least > 0, least or 300

    @_partial.setter
    def _partial(self, partial: tuple[bool, int]) -> None:
        if not self.__dict__.get("_made"):
            self.__dict__["_made"] = True  # the settings have decided
        else:
            _native.partial_flush(partial[1] if partial[0] else 0)

    def on_span_start(self, span: Span) -> None:
        """Native spans reach the tracer by themselves."""

    def on_span_finish(self, span: Span) -> None:
        """Native spans reach the tracer by themselves."""
