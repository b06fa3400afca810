"""Tracing of any driver that follows PEP 249: proxies around its connections and cursors."""

from __future__ import annotations

from typing import Any

from ddtrace._trace.pin import Pin
from ddtrace._trace.tracer import tracer
from ddtrace.contrib.internal.trace_utils import (
    ext_service,
    is_tracing_enabled,
    iswrapped,
    set_service_and_source,
)
from ddtrace.ext import SpanKind, SpanTypes
from ddtrace.internal._wrap import ObjectProxy
from ddtrace.internal.utils import ArgumentError, get_argument_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Optional

    from ddtrace._trace.span import Span

__all__ = [
    "ArgumentError",
    "FetchTracedCursor",
    "Pin",
    "SpanKind",
    "SpanTypes",
    "TracedConnection",
    "TracedCursor",
    "ext_service",
    "get_argument_value",
    "get_version",
    "is_tracing_enabled",
    "iswrapped",
]


def get_version() -> str:
    """There is no library of that name."""
    return ""


def _warn_of_pin(pin: object) -> None:
    if pin is None:
        return
    from ddtrace.internal.utils.deprecations import deprecate

    deprecate(
        "The pin parameter is deprecated",
        message="This parameter has no effect.",
        removal_version="5.0.0",
        stacklevel=4,
    )


def _settings(cfg: Any) -> Any:
    if cfg is not None:
        return cfg
    from ddtrace.internal.settings._config import config

    return config.dbapi2


def _setting(cfg: Any, name: str, default: Any = None) -> Any:
    value = getattr(cfg, name, None)
    if value is None and hasattr(cfg, "get"):
        value = cfg.get(name)
    return default if value is None else value


_VENDORS = {"psycopg": "postgres", "psycopg2": "postgres"}


def _vendor(connection: Any) -> str:
    """What the module of a driver is called in the names of spans."""
    root = type(connection).__module__.partition(".")[0]
    return "sqlite" if root.lstrip("_").startswith("sqlite") else _VENDORS.get(root, root)


def _start(
    cfg: Any, name: str, resource: str | None, db_tags: Mapping[str, str], measured: bool
) -> Span:
    span = tracer.trace(
        name, resource=resource, span_type=SpanTypes.SQL if measured else None
    )
    set_service_and_source(span, ext_service(None, cfg), cfg)
    span.set_tag("component", getattr(cfg, "integration_name", "dbapi2"))
    span.set_tag("span.kind", SpanKind.CLIENT)
    span.set_tags(dict(db_tags))
    if measured:
        span.set_metric("_dd.measured", 1)
    return span


class TracedCursor(ObjectProxy):
    """A cursor whose statements are traced."""

    def __init__(
        self,
        cursor: Any,
        pin: Optional[Pin] = None,
        cfg: Optional[Mapping[str, str]] = None,
        db_tags: Optional[Mapping[str, str]] = None,
    ) -> None:
        super().__init__(cursor)
        _warn_of_pin(pin)
        self._self_config = cfg = _settings(cfg)
        self._self_db_tags = dict(db_tags or {})
        prefix = _setting(cfg, "_dbapi_span_name_prefix", "sql")
        self._self_datadog_name = _setting(cfg, "_dbapi_span_operation_name", f"{prefix}.query")
        self._self_last_execute_operation: Any = None

    def __enter__(self) -> Any:
        entered = self.__wrapped__.__enter__()
        return self if entered is self.__wrapped__ else entered

    def _statement(self, resource: Any, more: Mapping[str, str]) -> Span:
        text = resource.decode("utf-8", "replace") if isinstance(resource, bytes) else resource
        shown = text if isinstance(text, str) else None if text is None else str(text)
        span = _start(
            self._self_config, self._self_datadog_name, shown, self._self_db_tags, measured=True
        )
        span.set_tags(dict(more))
        return span

    def _count_rows(self, span: Span) -> None:
        rows = getattr(self.__wrapped__, "rowcount", None)
        if rows is not None:
            span.set_metric("db.row_count", rows)

    def _trace(
        self, method: Callable[..., Any], resource: Any, more: Mapping[str, str], *args: Any, **kw: Any
    ) -> Any:
        if not is_tracing_enabled():
            return method(*args, **kw)
        with self._statement(resource, more) as span:
            try:
                return method(*args, **kw)
            finally:
                self._count_rows(span)

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        """Runs a statement in a span."""
        self._self_last_execute_operation = query
        return self._trace(self.__wrapped__.execute, query, {}, query, *args, **kwargs)

    def executemany(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        """Runs a statement for many arguments in one span."""
        self._self_last_execute_operation = query
        return self._trace(
            self.__wrapped__.executemany,
            query,
            {"sql.executemany": "true"},
            query,
            *args,
            **kwargs,
        )

    def callproc(self, proc: Any, *args: Any) -> Any:
        """Calls a procedure in a span."""
        return self._trace(self.__wrapped__.callproc, proc, {}, proc, *args)


class FetchTracedCursor(TracedCursor):
    """A cursor whose statements and fetches are traced."""

    def _fetch(self, name: str, size: Any, *args: Any, **kwargs: Any) -> Any:
        method = getattr(self.__wrapped__, name)
        if not is_tracing_enabled():
            return method(*args, **kwargs)
        span = _start(
            self._self_config,
            f"{self._self_datadog_name}.{name}",
            self._self_last_execute_operation,
            self._self_db_tags,
            measured=False,
        )
        span.span_type = SpanTypes.SQL
        with span:
            if size is not None:
                span.set_tag("db.fetch.size", size)
            try:
                return method(*args, **kwargs)
            finally:
                self._count_rows(span)

    def fetchone(self, *args: Any, **kwargs: Any) -> Any:
        """Fetches a row in a span."""
        return self._fetch("fetchone", None, *args, **kwargs)

    def fetchall(self, *args: Any, **kwargs: Any) -> Any:
        """Fetches the rows in a span."""
        return self._fetch("fetchall", None, *args, **kwargs)

    def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
        """Fetches some rows in a span."""
        size = get_argument_value(args, kwargs, 0, "size", True)
        if size is None:
            size = getattr(self.__wrapped__, "arraysize", None)
        return self._fetch("fetchmany", size, *args, **kwargs)


class TracedConnection(ObjectProxy):
    """A connection whose cursors, commits and rollbacks are traced."""

    _self_cursor_classes: tuple[Any, Any] = (TracedCursor, FetchTracedCursor)

    def __init__(
        self,
        conn: Any,
        pin: Any = None,
        cfg: Any = None,
        cursor_cls: Any = None,
        db_tags: Optional[Mapping[str, str]] = None,
    ) -> None:
        super().__init__(conn)
        _warn_of_pin(pin)
        cfg = _settings(cfg)
        if cursor_cls is None:
            cursor_cls = self._self_cursor_classes[bool(_setting(cfg, "trace_fetch_methods"))]
        self._self_datadog_name = f"{_vendor(conn)}.connection"
        self._self_cursor_cls = cursor_cls
        self._self_config = cfg
        self._self_db_tags = dict(db_tags or {})

    def _traced_cursor(self, cursor: Any) -> Any:
        if isinstance(cursor, ObjectProxy) and type(cursor) is self._self_cursor_cls:
            return cursor
        return self._self_cursor_cls(cursor, cfg=self._self_config, db_tags=self._self_db_tags)

    def __enter__(self) -> Any:
        entered = self.__wrapped__.__enter__()
        if entered is self.__wrapped__:
            return self
        # Some drivers give a cursor.
        return self._traced_cursor(entered) if hasattr(entered, "execute") else entered

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """A traced cursor."""
        return self._traced_cursor(self.__wrapped__.cursor(*args, **kwargs))

    def _span_of(self, what: str) -> Span:
        return _start(
            self._self_config,
            f"{self._self_datadog_name}.{what}",
            None,
            self._self_db_tags,
            measured=False,
        )

    def commit(self, *args: Any, **kwargs: Any) -> Any:
        """Commits in a span."""
        if not is_tracing_enabled():
            return self.__wrapped__.commit(*args, **kwargs)
        with self._span_of("commit"):
            return self.__wrapped__.commit(*args, **kwargs)

    def rollback(self, *args: Any, **kwargs: Any) -> Any:
        """Rolls back in a span."""
        if not is_tracing_enabled():
            return self.__wrapped__.rollback(*args, **kwargs)
        with self._span_of("rollback"):
            return self.__wrapped__.rollback(*args, **kwargs)
