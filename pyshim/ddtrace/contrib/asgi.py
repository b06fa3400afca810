"""Traces of any ASGI application."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Optional

from ddtrace.trace import Span, Tracer, tracer

Scope = Mapping[str, Any]


def span_from_scope(scope: Scope) -> Optional[Span]:
    """The span of the request that is being served."""
    span = tracer.current_span()
    while span is not None and span.span_type != "web":
        span = span._parent
    return span


class TraceMiddleware:
    """Calls `app`, with a span for the request."""

    default_ports = {"http": 80, "https": 443, "ws": 80, "wss": 443}

    def __init__(
        self,
        app: Callable[..., Awaitable[None]],
        tracer: Optional[Tracer] = None,
        integration_config: Any = None,
        handle_exception_span: Optional[Callable[[Any, Span], None]] = None,
        span_modifier: Optional[Callable[[Span, Scope], None]] = None,
    ) -> None:
        self.app = app
        self.tracer = tracer
        self.integration_config = integration_config
        self.handle_exception_span = handle_exception_span
        self.span_modifier = span_modifier

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        return await self._run(scope, receive, send)

    async def _run(self, scope: Scope, receive: Any, send: Any) -> None:
        if self.span_modifier is not None:
            span = span_from_scope(scope)
            if span is not None:
                self.span_modifier(span, scope)
        return await self.app(scope, receive, send)
