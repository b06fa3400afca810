"""Provider and tracer of the OpenTelemetry API."""

from __future__ import annotations

from opentelemetry.trace import SpanKind, get_current_span, use_span
from opentelemetry.trace import Tracer as OtelTracer
from opentelemetry.trace import TracerProvider as OtelTracerProvider
from opentelemetry.util._decorator import _agnosticcontextmanager

from ddtrace import _native
from ddtrace._trace.tracer import tracer
from ddtrace.internal.opentelemetry.context import share_context, to_datadog
from ddtrace.internal.opentelemetry.span import Span, link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.context import Context as OtelContext
    from opentelemetry.trace import Link
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.util.types import Attributes

    from ddtrace.trace import Context
    from ddtrace.trace import Span as DatadogSpan


class TracerProvider(OtelTracerProvider):
    """Gives tracers that make this tracer's spans."""

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> OtelTracer:
        """A tracer; they are all the same."""
        return Tracer()


class Tracer(OtelTracer):
    """Starts spans as the OpenTelemetry API asks for them."""

    def start_span(
        self,
        name: str,
        context: OtelContext | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        """A span under that of the context; it is not made the current one."""
        above = get_current_span(context)
        parent: DatadogSpan | Context | None
        if isinstance(above, Span):
            parent = above._ddspan
        else:
            parent = to_datadog(above.get_span_context())
        span = tracer.start_span(name, child_of=parent, activate=False, span_api="otel")
        for one in links or ():
            link(span, one.context, one.attributes)
        return Span(span, kind, attributes, start_time, record_exception, set_status_on_exception)

    @_agnosticcontextmanager
    def start_as_current_span(
        self,
        name: str,
        context: OtelContext | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Iterator[OtelSpan]:
        """A span that is the current one for the length of a `with` or of a function."""
        span = self.start_span(
            name,
            context,
            kind,
            attributes,
            links,
            start_time,
            record_exception,
            set_status_on_exception,
        )
        with use_span(span, end_on_exit, record_exception, set_status_on_exception):
            yield span


if _native.otel_enabled():
    share_context()
