"""The same for drivers whose methods are awaited."""

from __future__ import annotations

from typing import Any

from ddtrace.contrib.dbapi import (
    TracedConnection,
    TracedCursor,
    _start,
    ext_service,
    get_version,
    is_tracing_enabled,
    iswrapped,
)
from ddtrace.ext import SpanKind, SpanTypes
from ddtrace.internal.utils import ArgumentError, get_argument_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "ArgumentError",
    "FetchTracedAsyncCursor",
    "SpanKind",
    "SpanTypes",
    "TracedAsyncConnection",
    "TracedAsyncCursor",
    "TracedConnection",
    "TracedCursor",
    "ext_service",
    "get_argument_value",
    "get_version",
    "is_tracing_enabled",
    "iswrapped",
]


class TracedAsyncCursor(TracedCursor):
    """A cursor whose statements are traced."""

    async def __aenter__(self) -> Any:
        entered = await self.__wrapped__.__aenter__()
        return self if entered is self.__wrapped__ else entered

    async def _trace(
        self, method: Callable[..., Any], resource: Any, more: Mapping[str, str], *args: Any, **kw: Any
    ) -> Any:
        if not is_tracing_enabled():
            return await method(*args, **kw)
        with self._statement(resource, more) as span:
            try:
                return await method(*args, **kw)
            finally:
                self._count_rows(span)

    async def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        """Runs a statement in a span."""
        return await super().execute(query, *args, **kwargs)

    async def executemany(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        """Runs a statement for many arguments in one span."""
        return await super().executemany(query, *args, **kwargs)

    async def callproc(self, proc: Any, *args: Any) -> Any:
        """Calls a procedure in a span."""
        return await super().callproc(proc, *args)


class FetchTracedAsyncCursor(TracedAsyncCursor):
    """A cursor whose statements and fetches are traced."""

    async def _fetch(self, name: str, size: Any, *args: Any, **kwargs: Any) -> Any:
        method = getattr(self.__wrapped__, name)
        if not is_tracing_enabled():
            return await method(*args, **kwargs)
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
                return await method(*args, **kwargs)
            finally:
                self._count_rows(span)

    async def fetchone(self, *args: Any, **kwargs: Any) -> Any:
        """Fetches a row in a span."""
        return await self._fetch("fetchone", None, *args, **kwargs)

    async def fetchall(self, *args: Any, **kwargs: Any) -> Any:
        """Fetches the rows in a span."""
        return await self._fetch("fetchall", None, *args, **kwargs)

    async def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
        """Fetches some rows in a span."""
        size = get_argument_value(args, kwargs, 0, "size", True)
        if size is None:
            size = getattr(self.__wrapped__, "arraysize", None)
        return await self._fetch("fetchmany", size, *args, **kwargs)


class TracedAsyncConnection(TracedConnection):
    """A connection whose cursors, commits and rollbacks are traced."""

    _self_cursor_classes = (TracedAsyncCursor, FetchTracedAsyncCursor)

    async def __aenter__(self) -> Any:
        entered = await self.__wrapped__.__aenter__()
        if entered is self.__wrapped__:
            return self
        return self._traced_cursor(entered) if hasattr(entered, "execute") else entered

    async def commit(self, *args: Any, **kwargs: Any) -> Any:
        """Commits in a span."""
        if not is_tracing_enabled():
            return await self.__wrapped__.commit(*args, **kwargs)
        with self._span_of("commit"):
            return await self.__wrapped__.commit(*args, **kwargs)

    async def rollback(self, *args: Any, **kwargs: Any) -> Any:
        """Rolls back in a span."""
        if not is_tracing_enabled():
            return await self.__wrapped__.rollback(*args, **kwargs)
        with self._span_of("rollback"):
            return await self.__wrapped__.rollback(*args, **kwargs)
