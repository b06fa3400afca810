"""Spans of the OpenTelemetry API: each stands for one of this tracer's."""

from __future__ import annotations

import traceback

from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from ddtrace import _native
from ddtrace._trace.tracer import tracer
from ddtrace.constants import ERROR_MSG, ERROR_STACK, ERROR_TYPE, SPAN_KIND
from ddtrace.internal.settings._config import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any

    from opentelemetry.util.types import Attributes, AttributeValue

    from ddtrace.trace import Span as DatadogSpan

_SEMANTICS = _native.otel_semantics()  # attributes stay what OpenTelemetry calls them


class Span(OtelSpan):
    """A span; its work is done by the tracer's own."""

    def __init__(
        self,
        datadog_span: DatadogSpan,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, AttributeValue] | None = None,
        start_time: int | None = None,
        record_exception: bool | None = None,
        set_status_on_exception: bool | None = None,
    ) -> None:
        self._ddspan = datadog_span
        self._record_exception = True if record_exception is None else record_exception
        self._set_status_on_exception = (
            True if set_status_on_exception is None else set_status_on_exception
        )
        if start_time is not None:
            datadog_span.start_ns = start_time
        if kind is not SpanKind.INTERNAL:
            datadog_span._set_attribute(SPAN_KIND, kind.name.lower())
        if attributes:
            self.set_attributes(attributes)

    @property
    def kind(self) -> str:
        """What role it has in an exchange, in lower case."""
        return self._ddspan.get_tag(SPAN_KIND) or SpanKind.INTERNAL.name.lower()

    @property
    def _datadog_operation_name(self) -> str:
        name = self._ddspan.get_tag("operation.name")
        if name:
            return name
        if self._ddspan.get_tag("graphql.operation.type"):
            return "graphql.server.request"
        return self.kind

    def end(self, end_time: int | None = None) -> None:
        """Ends it, now or at a time in nanoseconds."""
        if not self.is_recording():
            return
        self._ddspan.name = self._datadog_operation_name
        if end_time is None:
            self._ddspan.finish()
        else:
            self._ddspan._finish_ns(end_time)

    def get_span_context(self) -> SpanContext:
        """Its identity. The trace is sampled for it, if that has not been done."""
        span = self._ddspan
        context = span.context
        if context.sampling_priority is None:
            tracer.sample(span)
        return SpanContext(
            span.trace_id,
            span.span_id,
            False,
            TraceFlags(context._trace_flags),
            TraceState(context._tracestate_entries(span.span_id)),
        )

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Sets several."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Sets one. Some names are fields of the tracer's span."""
        if not self.is_recording():
            return
        span = self._ddspan
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if key == "service.name":
            span.service = value  # type: ignore[assignment]
            if not _SEMANTICS:
                return
        if _SEMANTICS and key != "service.version":
            for name, part in _native.flatten_key_value(key, value).items():
                span._set_attribute(name, part)
        elif key == "resource.name":
            span.resource = value  # type: ignore[assignment]
        elif key == "span.type":
            span.span_type = value  # type: ignore[assignment]
        elif key == "http.response.status_code":
            if isinstance(value, (str, int, float)):
                span._set_attribute("http.status_code", value)
        elif isinstance(value, (int, float)):
            span._set_attribute(key, value)
        elif isinstance(value, (list, tuple, set, frozenset)):
            for name, part in _native.flatten_key_value(key, value).items():
                span.set_tag(name, part)
        else:
            span.set_tag(key, value)

    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        """Adds something that happened, now or at a time in microseconds."""
        if self.is_recording():
            time: Any = None if timestamp is None else timestamp * 1000
            self._ddspan._add_event(name, attributes, time if is_time(time) else 0)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Adds a reference to another span."""
        if self.is_recording():
            link(self._ddspan, context, attributes)

    def update_name(self, name: str) -> None:
        """Says what is done: the resource of the tracer's span."""
        if self.is_recording():
            self._ddspan.resource = name

    def is_recording(self) -> bool:
        """Whether it has not ended."""
        return not self._ddspan.finished

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Marks it as failed; nothing takes that back."""
        if not self.is_recording():
            return
        if isinstance(status, Status):
            code, message = status.status_code, status.description
        else:
            code, message = status, description
        if code is StatusCode.ERROR:
            self._ddspan.error = 1
            if message:
                self._ddspan.set_tag(ERROR_MSG, message)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Adds an event, and the tags of an error; it is not marked as failed."""
        if not self.is_recording():
            return
        kind = type(exception)
        name = f"{kind.__module__}.{kind.__name__}"
        if _SEMANTICS and kind.__module__ == "builtins":
            name = kind.__name__
        values: dict[str, Any] = {
            "exception.type": name,
            "exception.message": str(exception),
            "exception.escaped": str(escaped),
        }
        values.update(attributes or {})
        stack = values.get("exception.stacktrace")
        if stack is None:
            most = config._span_traceback_max_size
            lines = traceback.format_exception(kind, exception, exception.__traceback__, most)
            stack = "".join(lines)
        if _SEMANTICS:
            values["exception.stacktrace"] = stack
        else:
            span = self._ddspan
            span.set_tag(ERROR_TYPE, values["exception.type"])
            span.set_tag(ERROR_MSG, values["exception.message"])
            span.set_tag(ERROR_STACK, stack)
        self.add_event("exception", values, timestamp)

    def __enter__(self) -> Span:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if value is not None and self.is_recording():
            if self._record_exception:
                self.record_exception(value, escaped=True)
            if self._set_status_on_exception:
                self.set_status(StatusCode.ERROR)
        self.end()


def is_time(value: Any) -> bool:
    """Whether an event may have happened then: not told, or a number of nanoseconds."""
    return value is None or isinstance(value, int)


def link(span: DatadogSpan, context: SpanContext, attributes: Attributes = None) -> None:
    """Adds a reference to another span to one of the tracer's."""
    span.set_link(
        context.trace_id,
        context.span_id,
        context.trace_state.to_header() if context.trace_state else None,
        int(context.trace_flags),
        dict(attributes or {}),
    )
