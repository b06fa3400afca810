"""A plugin that traces the routes of a Bottle application: `app.install(TracePlugin())`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bottle import HTTPResponse, request, response  # type: ignore[import-not-found]

from ddtrace import config
from ddtrace._trace.tracer import tracer as _tracer
from ddtrace.contrib.internal import trace_utils
from ddtrace.ext import SpanTypes, http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ddtrace.trace import Tracer

_NAME = "bottle.request"


class TracePlugin:
    """Makes a span for each request that a route answers."""

    name = "trace"
    api = 2

    def __init__(
        self,
        service: str = "bottle",
        tracer: Tracer | None = None,
        distributed_tracing: bool | None = None,
    ) -> None:
        self.service = service
        self._distributed_tracing = distributed_tracing

    @property
    def distributed_tracing(self) -> bool:
        """Whether traces of callers are continued."""
        given = self._distributed_tracing
        return trace_utils.distributed_tracing_enabled(config.bottle) if given is None else given

    def apply(self, callback: Callable[..., Any], route: Any) -> Callable[..., Any]:
        """The callback with a span around it; as it is where the integration makes one."""

        def traced(*args: Any, **kwargs: Any) -> Any:
            above = _tracer.current_span()
            if not _tracer.enabled or (above is not None and above.name == _NAME):
                return callback(*args, **kwargs)
            return self._call(callback, route, args, kwargs)

        return traced

    def _call(self, callback: Callable[..., Any], route: Any, args: Any, kwargs: Any) -> Any:
        trace_utils.activate_distributed_headers(
            _tracer,
            int_config=config.bottle,
            request_headers=request.headers,
            override=self.distributed_tracing,
        )
        service = trace_utils.int_service(None, config.bottle, self.service)
        with _tracer.trace(
            _NAME, service, f"{request.method} {route.rule}", SpanTypes.WEB
        ) as span:
            span.set_metric("_dd.measured", 1)
            span.set_tag("component", "bottle")
            span.set_tag("span.kind", "server")
            span.set_tag(http.ROUTE, route.rule)
            status: Any = None
            try:
                answer = callback(*args, **kwargs)
                if isinstance(answer, HTTPResponse):
                    status = answer.status_code
                return answer
            except HTTPResponse as error:
                status = error.status_code
                raise
            except Exception:
                status = 500
                raise
            finally:
                url = request.urlparts
                trace_utils.set_http_meta(
                    span,
                    config.bottle,
                    method=request.method,
                    url=url._replace(query="", fragment="").geturl(),
                    query=request.query_string,
                    status_code=response.status_code if status is None else status,
                    request_headers=request.headers,
                    response_headers=response.headers,
                    route=route.rule,
                )
