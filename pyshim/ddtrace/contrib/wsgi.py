"""Tracing of any WSGI application: a middleware around it."""

from __future__ import annotations

from typing import Any

from ddtrace import _contrib
from ddtrace._trace.tracer import tracer as _tracer
from ddtrace.contrib.internal.trace_utils import (
    activate_distributed_headers,
    int_service,
    set_http_meta,
    set_service_and_source,
)
from ddtrace.ext import SpanKind, SpanTypes
from ddtrace.internal._wrap import ObjectProxy
from ddtrace.internal.schema import SpanDirection, schematize_url_operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Optional

    from ddtrace._trace.span import Span
    from ddtrace._trace.tracer import Tracer

__all__ = ["DDWSGIMiddleware"]


def default_wsgi_span_modifier(span: Span, environ: dict[str, str]) -> None:
    """Names the request by its method and path."""
    span.resource = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def _headers_of(environ: dict[str, Any]) -> dict[str, str]:
    out = {}
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            out[key[5:].replace("_", "-").title()] = value
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            out[key.replace("_", "-").title()] = value
    return out


def _url_of(environ: dict[str, Any]) -> str:
    host = environ.get("HTTP_HOST")
    scheme = environ["wsgi.url_scheme"]
    if not host:
        host = environ["SERVER_NAME"]
        if environ["SERVER_PORT"] != {"http": "80", "https": "443"}.get(scheme):
            host += ":" + environ["SERVER_PORT"]
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    query = environ.get("QUERY_STRING")
    return f"{scheme}://{host}{path}" + (f"?{query}" if query else "")


class _TracedIterable(ObjectProxy):
    """The body of a response; the spans end with it."""

    def __init__(self, wrapped: Any, span: Span, parent: Span) -> None:
        super().__init__(iter(wrapped))
        self._self_source = wrapped
        self._self_spans = (span, parent)
        self._self_done = False

    def __iter__(self) -> _TracedIterable:
        return self

    def __next__(self) -> Any:
        try:
            return next(self.__wrapped__)
        except StopIteration:
            self._finish()
            raise
        except Exception as error:
            self._self_spans[0].set_exc_info(type(error), error, error.__traceback__)
            self._finish()
            raise

    def close(self) -> None:
        """Closes the body, when it can be closed."""
        try:
            if hasattr(self._self_source, "close"):
                self._self_source.close()
        finally:
            self._finish()

    def _finish(self) -> None:
        if not self._self_done:
            self._self_done = True
            for span in self._self_spans:
                span.finish()


class DDWSGIMiddleware:
    """A WSGI application around another one, that traces its requests."""

    def __init__(
        self,
        application: Iterable[Any],
        tracer: Optional[Tracer] = None,
        span_modifier: Callable[[Span, dict[str, str]], None] = default_wsgi_span_modifier,
        app_is_iterator: bool = False,
    ) -> None:
        self.app: Any = application
        self.tracer = _tracer
        self.span_modifier = span_modifier
        self.app_is_iterator = app_is_iterator
        if tracer is not None:
            from ddtrace.internal.utils.deprecations import deprecate

            deprecate(
                "The tracer parameter is deprecated",
                message="The global tracer will be used instead.",
                removal_version="5.0.0",
            )

    @property
    def _config(self) -> Any:
        from ddtrace.internal.settings._config import config

        return config.wsgi

    def _span(self, name: str, parent: Span | None = None) -> Span:
        span = (
            self.tracer.trace(name)
            if parent is None
            else self.tracer.start_span(name, child_of=parent)
        )
        return self._described(span)

    def _described(self, span: Span) -> Span:
        set_service_and_source(span, int_service(None, self._config), self._config)
        span.set_tag("component", self._config.integration_name)
        return span

    def __call__(self, environ: Any, start_response: Callable[..., Any]) -> Any:
        headers = _headers_of(environ)
        activate_distributed_headers(self.tracer, self._config, headers)
        request = self._described(
            _contrib.start_request(
                {name.lower(): value for name, value in headers.items()},
                schematize_url_operation("wsgi.request", "http", SpanDirection.INBOUND),
                False,
            )
        )
        request.span_type = SpanTypes.WEB
        request.set_tag("span.kind", SpanKind.SERVER)
        self.span_modifier(request, environ)
        set_http_meta(
            request,
            self._config,
            method=environ.get("REQUEST_METHOD"),
            url=_url_of(environ),
            query=environ.get("QUERY_STRING"),
            # The reference reads no user agent here.
            request_headers={k: v for k, v in headers.items() if k != "User-Agent"},
            peer_ip=environ.get("REMOTE_ADDR"),
        )
        application = self._span("wsgi.application")

        def heard(status: str, response_headers: Any, *rest: Any, **more: Any) -> Any:
            span = self._span("wsgi.start_response", parent=application)
            span.span_type = SpanTypes.WEB
            span.set_tag("span.kind", SpanKind.SERVER)
            with span:
                code, _, message = status.partition(" ")
                set_http_meta(
                    request,
                    self._config,
                    status_code=code,
                    status_msg=message,
                    response_headers=dict(response_headers),
                )
                return start_response(status, response_headers, *rest, **more)

        try:
            body = self.app(environ, heard)
            if self.app_is_iterator:
                body = iter(body)
        except BaseException as error:
            application.__exit__(type(error), error, error.__traceback__)
            request.__exit__(type(error), error, error.__traceback__)
            raise
        application.finish()
        response = self._span("wsgi.response", parent=request)
        response.set_tag("result_class", getattr(type(body), "__name__", ""))
        return _TracedIterable(body, response, request)
