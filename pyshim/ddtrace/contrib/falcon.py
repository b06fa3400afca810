"""Middleware that traces a Falcon application: `falcon.App(middleware=[TraceMiddleware()])`."""

from __future__ import annotations

import sys
from typing import Any

from ddtrace import config
from ddtrace._trace.tracer import tracer as _tracer
from ddtrace.contrib.internal import trace_utils
from ddtrace.ext import SpanTypes, http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ddtrace.trace import Span, Tracer

_NAME = "falcon.request"


class TraceMiddleware:
    """Makes a span for each request."""

    def __init__(
        self,
        tracer: Tracer | None = None,
        service: str | None = None,
        distributed_tracing: bool | None = None,
    ) -> None:
        self._given = service
        self.service = service or "falcon"
        self._distributed_tracing = distributed_tracing

    def _span(self) -> Span | None:
        """The span of the request, if this middleware has made it."""
        span = _tracer.current_span()
        return span if span is not None and span._get_ctx_item(_NAME) else None

    def process_request(self, req: Any, resp: Any) -> None:
        """The request has come in; nothing to do where the integration traces it."""
        above = _tracer.current_span()
        if above is not None and above.name == _NAME:
            if self._given is not None:
                above.service = self._given
            return
        trace_utils.activate_distributed_headers(
            _tracer,
            int_config=config.falcon,
            request_headers=req.headers,
            override=self._distributed_tracing,
        )
        span = _tracer.trace(_NAME, self.service, span_type=SpanTypes.WEB)
        span._set_ctx_item(_NAME, True)
        span.set_metric("_dd.measured", 1)
        span.set_tag("component", "falcon")
        span.set_tag("span.kind", "server")
        trace_utils.set_http_meta(
            span,
            config.falcon,
            method=req.method,
            url=req.url,
            query=req.query_string,
            request_headers=req.headers,
        )

    def process_resource(self, req: Any, resp: Any, resource: Any, params: Any) -> None:
        """A resource has been found that answers."""
        span = self._span()
        if span is not None:
            kind = type(resource)
            span.resource = f"{req.method} {kind.__module__}.{kind.__name__}"

    def process_response(
        self, req: Any, resp: Any, resource: Any, req_succeeded: bool | None = None
    ) -> None:
        """The answer is ready."""
        span = self._span()
        if span is None:
            return
        status: Any = str(resp.status).partition(" ")[0]
        if resource is None:
            status = "404"
            span.resource = f"{req.method} 404"
        kind, error, trace = sys.exc_info()
        if error is not None and kind is not None:
            if "HTTPNotFound" in kind.__name__:
                status = "404"
            else:
                status = "500"
                span.set_exc_info(kind, error, trace)
        route = getattr(req, "uri_template", None)
        if route:
            span.set_tag(http.ROUTE, route)
        trace_utils.set_http_meta(
            span,
            config.falcon,
            status_code=status,
            response_headers=getattr(resp, "headers", None),
            route=route,
        )
        span.finish()
