"""Tracing of aiohttp's server: a middleware that is put around an application."""

from __future__ import annotations

from typing import Any

from ddtrace._trace.tracer import tracer as _tracer
from ddtrace.contrib.internal.trace_utils import activate_distributed_headers, set_http_meta
from ddtrace.ext import SpanKind, SpanTypes
from ddtrace.internal.logger import get_logger
from ddtrace.internal.schema import schematize_url_operation
from ddtrace.internal.schema.span_attribute_schema import SpanDirection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Optional

    from ddtrace._trace.span import Span
    from ddtrace._trace.tracer import Tracer

__all__ = ["trace_app"]

log = get_logger(__name__)

_CONFIG = "datadog_trace"
_CONTEXT = "datadog_context"
_REQUEST = "__datadog_request"


class _Request:
    """What is known of a request that is being served."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.handled = False
        self.prepared = False
        self.done = False

    def finish(self, request: Any, response: Any) -> None:
        """Tells of the answer, once, and ends the span."""
        if self.done:
            return
        self.done = True
        try:
            self._tell(request, response)
        except Exception:  # a request that aiohttp itself cannot read to its end
            log.debug("a request could not be described", exc_info=True)
        finally:
            self.span.finish()

    def _tell(self, request: Any, response: Any) -> None:
        found = request.match_info.route.resource
        path = found.canonical if found else None
        self.span.resource = f"{request.method} {path}" if path else str(response.status)
        set_http_meta(
            self.span,
            _config(),
            method=request.method,
            url=str(request.url),
            status_code=response.status,
            request_headers=request.headers,
            response_headers=response.headers,
            query=request.query_string or None,
            route=path,
        )


def _config() -> Any:
    from ddtrace.internal.settings._config import config

    return config.aiohttp


async def _trace_middleware(app: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
    async def attach_context(request: Any) -> Any:
        settings = app[_CONFIG]
        activate_distributed_headers(
            _tracer,
            _config(),
            request.headers,
            override=settings["distributed_tracing_enabled"],
        )
        span = _tracer.trace(
            schematize_url_operation(
                "aiohttp.request", protocol="http", direction=SpanDirection.INBOUND
            ),
            service=settings["service"],
            span_type=SpanTypes.WEB,
        )
        span._set_attribute("_dd.measured", 1)
        span.set_tag("component", "aiohttp")
        span.set_tag("span.kind", SpanKind.SERVER)
        known = request[_REQUEST] = _Request(span)
        request[_CONTEXT] = span.context
        try:
            response = await handler(request)
        except Exception as error:
            span.set_exc_info(type(error), error, error.__traceback__)
            raise
        except BaseException:
            known.done = True  # cancelled: nobody gets an answer
            span.finish()
            raise
        finally:
            known.handled = True
        if known.prepared:  # a stream, sent by the handler
            known.finish(request, response)
        return response

    return attach_context


async def _on_prepare(request: Any, response: Any) -> None:
    known = request.get(_REQUEST)
    if known is None:
        return
    known.prepared = True
    if known.handled:
        known.finish(request, response)


def trace_app(app: Any, tracer: Optional[Tracer] = None, service: str = "aiohttp-web") -> None:
    """Traces the requests of an `aiohttp.web.Application`, from before its own middlewares on."""
    if tracer is not None:
        from ddtrace.internal.utils.deprecations import deprecate

        deprecate(
            "The tracer parameter is deprecated",
            message="The global tracer will be used instead.",
            removal_version="5.0.0",
        )
    if getattr(app, "__datadog_trace", False):
        return
    setattr(app, "__datadog_trace", True)
    from ddtrace.internal.settings._config import config

    app[_CONFIG] = {
        "service": config._get_service(default=service),
        "distributed_tracing_enabled": None,
    }
    app.middlewares.insert(0, _trace_middleware)
    app.on_response_prepare.append(_on_prepare)
