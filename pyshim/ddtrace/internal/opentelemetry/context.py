"""One active span for both APIs, and what stands for a context of one in the other."""

from __future__ import annotations

from contextvars import ContextVar, Token

import opentelemetry.context as otel_context
from opentelemetry.baggage import get_all, set_baggage
from opentelemetry.context.context import Context as OtelContext
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.span import DEFAULT_TRACE_OPTIONS, TraceState

from ddtrace import _native
from ddtrace._trace.tracer import tracer
from ddtrace.internal.opentelemetry.span import Span
from ddtrace.trace import Context
from ddtrace.trace import Span as DatadogSpan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What contexts carry besides spans and baggage, as it was attached.
_values: ContextVar[OtelContext] = ContextVar("ddtrace_otel_values", default=OtelContext())


def to_datadog(context: SpanContext) -> Context | None:
    """The context of a span of elsewhere; None when it is not valid."""
    if not context.is_valid:
        return None
    headers = {
        "traceparent": f"00-{context.trace_id:032x}-{context.span_id:016x}-"
        f"{int(context.trace_flags) & 1:02x}",
    }
    if context.trace_state:
        headers["tracestate"] = context.trace_state.to_header()
    made = _native.extract_tracecontext(headers)
    made._meta.pop("traceparent", None)
    if context.trace_flags is DEFAULT_TRACE_OPTIONS and made.sampling_priority == 0:
        made.sampling_priority = None  # the flags say nothing: it is open
    return made


def to_otel(context: Context) -> SpanContext:
    """A context as OpenTelemetry has it."""
    return SpanContext(
        context.trace_id or 0,
        context.span_id or 0,
        context._is_remote,
        TraceFlags(context._trace_flags),
        TraceState(context._tracestate_entries()),
    )


class DDRuntimeContext(otel_context._RuntimeContext):  # type: ignore[name-defined, misc]
    """Keeps the active span where this tracer keeps it."""

    def attach(self, context: OtelContext) -> Token[Any]:
        """Activates the span of a context, and gives its trace the baggage of the context."""
        span = get_current_span(context)
        active: Context | None
        if isinstance(span, Span):
            tracer.context_provider.activate(span._ddspan)
            active = span._ddspan.context
        else:
            active = to_datadog(span.get_span_context())
            if active is None and get_all(context):
                active = Context(is_remote=False)
            tracer.context_provider.activate(active)
        if active is not None:
            baggage = {str(key): value for key, value in get_all(context).items()}
            if dict(active._baggage) != baggage:
                active._baggage = baggage
        return _values.set(context)

    def get_current(self) -> OtelContext:
        """The active span, the baggage of its trace, and what else was attached."""
        active = tracer.context_provider.active()
        current = _without_trace(_values.get())
        if active is None:
            return current
        if isinstance(active, DatadogSpan):
            current = set_span_in_context(Span(active), current)
            items = active.context._baggage
        else:
            if active.trace_id and active.span_id:
                current = set_span_in_context(NonRecordingSpan(to_otel(active)), current)
            items = active._baggage
        for key, value in items.items():
            current = set_baggage(key, value, current)
        return current

    def detach(self, token: Token[Any]) -> None:
        """Spans leave when they end; the rest is as it was before the attach."""
        try:
            _values.reset(token)
        except (ValueError, RuntimeError):
            pass  # another task's token


_TRACE_KEYS = ("current-span-", "baggage-")


def _without_trace(context: OtelContext) -> OtelContext:
    if not context:
        return context
    return OtelContext(
        {key: value for key, value in context.items() if not key.startswith(_TRACE_KEYS)}
    )


def share_context() -> None:
    """From now on OpenTelemetry's context functions work on this tracer's active span."""
    if not isinstance(otel_context._RUNTIME_CONTEXT, DDRuntimeContext):
        otel_context._RUNTIME_CONTEXT = DDRuntimeContext()
