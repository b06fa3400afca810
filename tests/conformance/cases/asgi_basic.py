"""ASGI: the middleware class around a plain application."""

from asgi_client import request, run
from ddtrace.contrib.asgi import TraceMiddleware, span_from_scope
from ddtrace.trace import tracer


async def application(scope, receive, send):
    if scope["path"] == "/fails":
        raise ValueError("the application fails")
    span = span_from_scope(scope)
    if scope["path"] == "/named":
        span.resource = "GET /named by hand"
    with tracer.trace("inner"):
        await receive()
    status = {"/broken": 500, "/none": 404}.get(scope["path"], 200)
    await send({"type": "http.response.start", "status": status, "headers": [(b"x-a", b"b")]})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    with tracer.trace("between"):
        pass
    await send({"type": "http.response.body", "body": b"two", "more_body": False})
    with tracer.trace("afterwards"):
        pass


if __name__ == "__main__":
    traced = TraceMiddleware(application)
    run(
        request(traced, "/"),
        request(traced, "/a/b?token=abc", "POST"),
        request(traced, "/fails"),
        request(traced, "/broken"),
        request(traced, "/none"),
        request(traced, "/named"),
        request(
            traced,
            "/",
            headers=[
                (b"x-datadog-trace-id", b"5"),
                (b"x-datadog-parent-id", b"6"),
                (b"x-datadog-sampling-priority", b"2"),
            ],
        ),
    )
