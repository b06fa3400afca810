"""Tracing of CherryPy: a tool that the program installs with its middleware.

    import cherrypy
    from ddtrace.contrib.cherrypy import TraceMiddleware

    TraceMiddleware(cherrypy, service="my-pages")
    cherrypy.tree.mount(Pages(), config={"/": {"tools.tracer.on": True}})
"""

from __future__ import annotations

import sys
from typing import Any

import cherrypy  # type: ignore[import-not-found]  # what is traced has to be there

from ddtrace._trace.tracer import tracer as _tracer
from ddtrace.constants import SPAN_KIND
from ddtrace.contrib.internal.trace_utils import (
    activate_distributed_headers,
    int_service,
    set_http_meta,
    set_service_and_source,
)
from ddtrace.ext import SpanKind, SpanTypes
from ddtrace.internal.schema import schematize_service_name, schematize_url_operation
from ddtrace.internal.schema.span_attribute_schema import SpanDirection
from ddtrace.internal.settings._config import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from ddtrace._trace.tracer import Tracer

__all__ = ["TraceMiddleware"]

_SPAN = "_datadog_span"


class TraceTool(cherrypy.Tool):  # type: ignore[misc]
    """One span for each request, from when its page is found until it has been answered."""

    def __init__(
        self,
        app: Any,
        tracer: Optional[Tracer] = None,
        service: Optional[str] = None,
        use_distributed_tracing: Optional[bool] = None,
    ) -> None:
        self.app = app
        if service is not None:
            config.cherrypy["service"] = service
        if use_distributed_tracing is not None:
            config.cherrypy["distributed_tracing"] = use_distributed_tracing
        super().__init__("on_start_resource", self._on_start_resource, priority=95)

    @property
    def service(self) -> Any:
        return config.cherrypy.get("service")

    @service.setter
    def service(self, service: str) -> None:
        config.cherrypy["service"] = service

    @property
    def use_distributed_tracing(self) -> Any:
        return config.cherrypy.get("distributed_tracing")

    @use_distributed_tracing.setter
    def use_distributed_tracing(self, wanted: bool) -> None:
        config.cherrypy["distributed_tracing"] = bool(wanted)

    def _setup(self) -> None:
        super()._setup()
        hooks = cherrypy.request.hooks
        hooks.attach("on_end_request", self._on_end_request, priority=5)
        hooks.attach("after_error_response", self._after_error_response, priority=5)

    def _on_start_resource(self) -> None:
        own = config.cherrypy
        activate_distributed_headers(
            _tracer,
            own,
            request_headers=cherrypy.request.headers,
            override=own.get("distributed_tracing", True),
        )
        span = _tracer.trace(
            schematize_url_operation(
                "cherrypy.request", protocol="http", direction=SpanDirection.INBOUND
            ),
            span_type=SpanTypes.WEB,
        )
        service = int_service(None, own, default=schematize_service_name("cherrypy"))
        set_service_and_source(span, service, own)
        if config._is_user_provided_service and service == config.service:
            span.set_tag("_dd.svc_src", "m")
        span._set_attribute("_dd.measured", 1)
        span.set_tag("component", "cherrypy")
        span.set_tag(SPAN_KIND, SpanKind.SERVER)
        setattr(cherrypy.request, _SPAN, span)

    def _after_error_response(self) -> None:
        span = getattr(cherrypy.request, _SPAN, None)
        if span is None:
            return
        span.set_exc_info(*sys.exc_info())
        self._finish(span)

    def _on_end_request(self) -> None:
        span = getattr(cherrypy.request, _SPAN, None)
        if span is not None:
            self._finish(span)

    def _finish(self, span: Any) -> None:
        setattr(cherrypy.request, _SPAN, None)
        request, response = cherrypy.request, cherrypy.response
        if span.resource == span.name:  # nobody has named it
            span.resource = f"{request.method} {request.path_info}"
        status, _, _ = cherrypy.lib.httputil.valid_status(response.status)
        set_http_meta(
            span,
            config.cherrypy,
            method=request.method,
            url=request.base + request.path_info,
            status_code=status,
            request_headers=request.headers,
            response_headers=response.headers,
        )
        span.finish()


class TraceMiddleware:
    """Puts the tool among those of `app`, the module `cherrypy`, as `tools.tracer`."""

    def __init__(
        self,
        app: Any,
        tracer: Optional[Tracer] = None,
        service: Optional[str] = None,
        distributed_tracing: Optional[bool] = None,
    ) -> None:
        self.app = app
        if tracer is not None:
            from ddtrace.internal.utils.deprecations import deprecate

            deprecate(
                "The tracer parameter is deprecated",
                message="The global tracer will be used instead.",
                removal_version="5.0.0",
            )
        self.app.tools.tracer = TraceTool(
            app, service=service, use_distributed_tracing=distributed_tracing
        )
