"""proxied.py FRAMEWORK: requests that an API gateway or a subscription of Pub/Sub passes on."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Callable
from io import BytesIO
from typing import Any

GATEWAY = {
    "x-dd-proxy": "aws-apigateway",
    "x-dd-proxy-request-time-ms": "1736973768000",
    "x-dd-proxy-path": "/api/hello/7?x=1",
    "x-dd-proxy-httpmethod": "POST",
    "x-dd-proxy-domain-name": "system.test",
    "x-dd-proxy-stage": "dev",
}
ALL = {
    **GATEWAY,
    "x-dd-proxy-resource-path": "/api/hello/{id}",
    "x-dd-proxy-account-id": "123456",
    "x-dd-proxy-api-id": "api1",
    "x-dd-proxy-region": "eu-1",
    "x-dd-proxy-user": "usr",
}
PUSHED = {
    "x-goog-pubsub-subscription-name": "projects/p/subscriptions/s",
    "x-goog-pubsub-message-id": "m1",
    "x-goog-pubsub-publish-time": "2025-01-01T00:00:00Z",
}


def without(headers: dict[str, str], *names: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key not in names}


REQUESTS = [
    ("/hello", GATEWAY),
    ("/hello", ALL),
    ("/hello", {**ALL, "x-dd-proxy": "aws-httpapi", "User-Agent": "UA"}),
    ("/hello", {**ALL, "x-dd-proxy": "azure-apim"}),
    ("/hello", {**ALL, "x-dd-proxy": "other"}),
    ("/hello", {**ALL, "x-dd-proxy": "AWS-ApiGateway"}),
    ("/hello", without(ALL, "x-dd-proxy-request-time-ms")),
    ("/hello", without(ALL, "x-dd-proxy-region")),
    ("/hello", without(ALL, "x-dd-proxy-api-id")),
    ("/hello", without(ALL, "x-dd-proxy-domain-name")),
    ("/hello", {key: ALL[key] for key in ("x-dd-proxy", "x-dd-proxy-request-time-ms")}),
    ("/broken", GATEWAY),
    ("/missing", GATEWAY),
    (
        "/hello",
        {
            **GATEWAY,
            "x-datadog-trace-id": "5",
            "x-datadog-parent-id": "6",
            "x-datadog-sampling-priority": "2",
            "x-datadog-origin": "rum",
        },
    ),
    ("/hello", PUSHED),
    ("/hello", {"x-goog-pubsub-subscription-name": "projects/p/subscriptions/s"}),
    ("/hello", {"x-goog-pubsub-subscription-name": "s", "x-goog-pubsub-message-id": ""}),
    ("/hello", {"x-goog-pubsub-message-id": "m1"}),
    ("/hello", {**PUSHED, "x-goog-pubsub-publish-time": "soon"}),
    ("/broken", PUSHED),
    (
        "/hello",
        {**PUSHED, "traceparent": "00-0000000000000000000000000000abcd-00000000000000ef-01"},
    ),
    ("/hello", {**PUSHED, **GATEWAY}),
]

Application = Callable[..., Any]


def flask() -> Application:
    from flask import Flask

    app = Flask(__name__)
    app.logger.disabled = True

    @app.route("/hello", methods=["GET", "POST"])
    def hello() -> str:
        return "hello"

    @app.route("/broken", methods=["GET", "POST"])
    def broken() -> str:
        raise ValueError("broken")

    return app


def wsgi() -> Application:
    from ddtrace.contrib.wsgi import DDWSGIMiddleware

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/broken":
            raise ValueError("broken")
        found = environ["PATH_INFO"] == "/hello"
        start_response("200 OK" if found else "404 Not Found", [])
        return [b"hello"]

    return DDWSGIMiddleware(app)


def bottle() -> Application:
    from bottle import Bottle

    app = Bottle()

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.get("/broken")
    def broken() -> str:
        raise ValueError("broken")

    return app


def falcon() -> Application:
    import falcon

    class Hello:
        def on_get(self, _request: Any, answer: Any) -> None:
            answer.text = "hello"

    class Broken:
        def on_get(self, _request: Any, _answer: Any) -> None:
            raise ValueError("broken")

    app = falcon.App()
    app.add_route("/hello", Hello())
    app.add_route("/broken", Broken())
    return app


def pyramid() -> Application:
    from pyramid.config import Configurator
    from pyramid.response import Response

    def broken(_request: Any) -> Any:
        raise ValueError("broken")

    with Configurator() as config:
        config.add_route("hello", "/hello")
        config.add_route("broken", "/broken")
        config.add_view(lambda _request: Response("hello"), route_name="hello")
        config.add_view(broken, route_name="broken")
        return config.make_wsgi_app()


def _django() -> None:
    import django
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path

    def broken(_request: Any) -> Any:
        raise ValueError("broken")

    urls = [path("hello", lambda _request: HttpResponse("hello")), path("broken", broken)]
    module = type(sys)("proxied_urls")
    module.urlpatterns = urls
    sys.modules["proxied_urls"] = module
    settings.configure(
        ROOT_URLCONF="proxied_urls", ALLOWED_HOSTS=["*"], MIDDLEWARE=[], LOGGING_CONFIG=None
    )
    django.setup()


def django() -> Application:
    _django()
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def django_asgi() -> Application:
    _django()
    from django.core.asgi import get_asgi_application

    return get_asgi_application()


async def _answer(scope: Any, send: Any) -> None:
    if scope["path"] == "/broken":
        raise ValueError("broken")
    status = 200 if scope["path"] == "/hello" else 404
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def asgi() -> Application:
    from ddtrace.contrib.asgi import TraceMiddleware

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await _answer(scope, send)

    return TraceMiddleware(app)


def starlette() -> Application:
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def hello(_request: Any) -> Any:
        return PlainTextResponse("hello")

    async def broken(_request: Any) -> Any:
        raise ValueError("broken")

    return Starlette(routes=[Route("/hello", hello), Route("/broken", broken)])


def fastapi() -> Application:
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.get("/broken")
    async def broken() -> str:
        raise ValueError("broken")

    return app


def ask_wsgi(app: Application, path: str, headers: dict[str, str]) -> None:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "shop.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.input": BytesIO(),
        "wsgi.errors": BytesIO() if sys.argv[1] == "flask" else open("/dev/null", "w"),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    told: list[str] = []
    try:
        body = app(environ, lambda status, _headers, _error=None: told.append(status))
        content = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        print(path, told, len(content))
    except ValueError as error:
        print(path, repr(error))


def ask_asgi(app: Application, path: str, headers: dict[str, str]) -> None:
    told: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        told.append(message.get("status", len(message.get("body", b""))))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1234),
        "server": ("shop.test", 80),
    }
    try:
        asyncio.run(app(scope, receive, send))
        print(path, told)
    except ValueError as error:
        print(path, told, repr(error))


def main() -> None:
    name = sys.argv[1]
    ask = ask_asgi if name in ("asgi", "starlette", "fastapi", "django_asgi") else ask_wsgi
    app = globals()[name]()
    for path, headers in REQUESTS:
        contextvars.copy_context().run(ask, app, path, headers)


if __name__ == "__main__":
    main()
