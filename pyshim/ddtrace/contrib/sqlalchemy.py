"""Tracing of one SQLAlchemy engine, made before or without the integration."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event  # type: ignore[import-not-found]

from ddtrace._trace.tracer import tracer as _tracer
from ddtrace.ext import SpanTypes, db, net, sql

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ddtrace.trace import Span, Tracer

_TRACED = "_datadog_traced"


def trace_engine(engine: Any, tracer: Tracer | None = None, service: str | None = None) -> None:
    """A span for every statement that the engine executes; once, however often it is called."""
    if getattr(engine, _TRACED, False):
        return
    setattr(engine, _TRACED, True)
    _EngineTracer(engine, service)


class _EngineTracer:
    def __init__(self, engine: Any, service: str | None) -> None:
        self._vendor = sql.normalize_vendor(engine.name)
        self._service = service or self._vendor
        self._source = "m" if service else "sqlalchemy"
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)
        event.listen(engine, "handle_error", self._failed)

    def _before(
        self, conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        span = _tracer.trace(f"{self._vendor}.query", self._service, statement, SpanTypes.SQL)
        span._set_attribute("_dd.svc_src", self._source)
        span.set_metric("_dd.measured", 1)
        span.set_tag("component", "sqlalchemy")
        span.set_tag("span.kind", "client")
        url = conn.engine.url
        if url.host:
            span.set_tag(net.TARGET_HOST, url.host)
            span.set_tag(net.SERVER_ADDRESS, url.host)
        if url.port:
            span.set_metric(net.TARGET_PORT, url.port)
        if url.database:
            span.set_tag(sql.DB, url.database)
        context._datadog_span = span

    def _after(
        self, conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        span = _span_of(context)
        if span is None:
            return
        rows = getattr(cursor, "rowcount", -1)
        if isinstance(rows, int) and rows >= 0:
            span.set_metric(db.ROWCOUNT, rows)
        span.finish()

    def _failed(self, context: Any) -> None:
        span = _span_of(context.execution_context)
        if span is None:
            return
        error = context.original_exception
        span.set_exc_info(type(error), error, error.__traceback__)
        span.finish()


def _span_of(context: Any) -> Span | None:
    span = getattr(context, "_datadog_span", None)
    if span is not None:
        context._datadog_span = None
    return span
