"""WSGI: the middleware class around a plain application."""

import io

from ddtrace.contrib.wsgi import DDWSGIMiddleware


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/fails":
        raise ValueError("the application fails")
    if path == "/empty":
        start_response("204 No Content", [])
        return []
    if path == "/generated":
        return generated(start_response)
    if path == "/closed":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Body()
    start_response("500 Internal Server Error" if path == "/broken" else "200 OK", [("X-A", "b")])
    return [b"body"]


def generated(start_response):
    start_response("200 OK", [])
    yield b"one"
    yield b"two"


class Body:
    def __iter__(self):
        return iter([b"a", b"b"])

    def close(self):
        pass


def call(application, url, **more):
    at, _, query = url.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": at,
        "QUERY_STRING": query,
        "SERVER_NAME": "plain.test",
        "SERVER_PORT": "8000",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(b""),
        "HTTP_USER_AGENT": "case/1",
        **more,
    }
    seen = []
    try:
        body = application(environ, lambda line, headers, error=None: seen.append(line))
        text = b"".join(body)
        if hasattr(body, "close"):
            body.close()
    except ValueError as error:
        text = repr(error).encode()
    print(url, seen, text)


if __name__ == "__main__":
    traced = DDWSGIMiddleware(application)
    for url in ["/", "/a/b?token=abc", "/fails", "/broken", "/empty", "/generated", "/closed"]:
        call(traced, url)
    call(
        traced,
        "/",
        HTTP_X_DATADOG_TRACE_ID="5",
        HTTP_X_DATADOG_PARENT_ID="6",
        HTTP_X_DATADOG_SAMPLING_PRIORITY="2",
    )

    def modify(span, environ):
        span.set_tag("own", environ["PATH_INFO"])

    call(DDWSGIMiddleware(application, span_modifier=modify), "/modified")
