"""Tracing of Flask-Caching: a class to use in the place of `flask_caching.Cache`.

    from ddtrace.contrib.flask_cache import get_traced_cache

    Cache = get_traced_cache(service="my-cache")
    cache = Cache(app, config={"CACHE_TYPE": "SimpleCache"})
"""

from __future__ import annotations

from typing import Any, Optional

from ddtrace._trace.tracer import tracer as _tracer
from ddtrace.contrib.internal.trace_utils import set_service_and_source
from ddtrace.ext import SpanTypes
from ddtrace.internal.schema import schematize_cache_operation, schematize_service_name
from ddtrace.internal.settings._config import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ddtrace._trace.tracer import Tracer

__all__ = ["get_traced_cache"]

DEFAULT_SERVICE = schematize_service_name(config.service)


def _place_of(cache: Any) -> dict[str, Any]:
    """Where a cache in Redis is."""
    for name in ("_write_client", "_client"):
        pool = getattr(getattr(cache, name, None), "connection_pool", None)
        where = getattr(pool, "connection_kwargs", None)
        if isinstance(where, dict):
            return {
                "out.host": where.get("host"),
                "server.address": where.get("host"),
                "network.destination.port": where.get("port"),
                "out.redis_db": where.get("db"),
            }
    return {}


def _found(values: Any) -> int:
    return sum(value is not None for value in values or ())


def get_traced_cache(
    tracer: Optional[Tracer] = None,
    service: Optional[str] = DEFAULT_SERVICE,
    meta: Optional[dict[str, str]] = None,
    cache_cls: Optional[type] = None,
) -> type:
    """A subclass of `cache_cls`, else of `flask_caching.Cache`, with a span for each command."""
    if tracer is not None:
        from ddtrace.internal.utils.deprecations import deprecate

        deprecate(
            "The tracer parameter is deprecated",
            message="The global tracer will be used instead.",
            removal_version="5.0.0",
        )
    if cache_cls is None:
        from flask_caching import Cache  # type: ignore[import-not-found]

        cache_cls = Cache
    base: Any = cache_cls

    class TracedCache(base):  # type: ignore[misc]
        """Its commands have spans."""

        _datadog_service = service
        _datadog_meta = meta

        def _start(self, command: str, key: Any = None) -> Any:
            span = _tracer.trace(
                schematize_cache_operation("flask_cache.cmd", cache_provider="flask_cache"),
                resource=command,
                span_type=SpanTypes.CACHE,
            )
            span._set_attribute("_dd.measured", 1)
            span.set_tag("component", "flask_cache")
            if self._datadog_service == DEFAULT_SERVICE:
                set_service_and_source(span, self._datadog_service, config.flask_cache)
                span.set_tag("_dd.svc_src", "flask_cache")
            elif self._datadog_service:
                span.service = self._datadog_service
                if config._is_user_provided_service:
                    span.set_tag("_dd.svc_src", "m")
            span.set_tags(self._datadog_meta or {})
            span.set_tag("flask_cache.backend", (self.config or {}).get("CACHE_TYPE"))
            for name, value in _place_of(self.cache).items():
                if value is not None:
                    span.set_tag(name, value)
            if key is not None:
                span.set_tag("flask_cache.key", key)
            return span

        def get(self, *args: Any, **kwargs: Any) -> Any:
            with self._start("get", *args[:1]) as span:
                value = super().get(*args, **kwargs)
                span.set_metric("db.row_count", int(value is not None))
                return value

        def set(self, *args: Any, **kwargs: Any) -> Any:
            with self._start("set", *args[:1]):
                return super().set(*args, **kwargs)

        def add(self, *args: Any, **kwargs: Any) -> Any:
            with self._start("add", *args[:1]):
                return super().add(*args, **kwargs)

        def delete(self, *args: Any, **kwargs: Any) -> Any:
            with self._start("delete", *args[:1]):
                return super().delete(*args, **kwargs)

        def delete_many(self, *args: Any, **kwargs: Any) -> Any:
            with self._start("delete_many", list(args)):
                return super().delete_many(*args, **kwargs)

        def clear(self, *args: Any, **kwargs: Any) -> Any:
            with self._start("clear"):
                return super().clear(*args, **kwargs)

        def get_many(self, *args: Any, **kwargs: Any) -> Any:
            with self._start("get_many", list(args)) as span:
                values = super().get_many(*args, **kwargs)
                span.set_metric("db.row_count", _found(values))
                return values

        def set_many(self, *args: Any, **kwargs: Any) -> Any:
            with self._start("set_many", list(args[0]) if args else None):
                return super().set_many(*args, **kwargs)

    return TracedCache
