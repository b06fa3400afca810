"""Shows the spans that helpers for hand-written instrumentation make, a line a case.

Run by compare.py with both interpreters.
"""

import asyncio
import io
import logging
import re
import warnings

import ddtrace
from ddtrace import config
from ddtrace.contrib import trace_utils
from ddtrace.trace import Context, TraceFilter, tracer

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
seen = []


class Keep(TraceFilter):
    def process_trace(self, trace):
        seen.extend(trace)
        return None


tracer.configure(trace_processors=[Keep()])


def facts(span):
    hidden = ("runtime-id", "process_id", "error.stack", "_dd.top_level")
    tags = {k: v for k, v in span._get_attributes().items() if k not in hidden}
    return (span.name, span.service, span.resource, span.span_type, span.error,
            sorted(tags.items(), key=str))


def show(name, call):
    seen.clear()
    try:
        answer = repr(call())
    except BaseException as error:
        answer = f"{type(error).__name__}: {error}"
    tracer.context_provider.activate(None)
    answer = re.sub(r"0x[0-9a-f]+", "0x", answer).replace("\n", " ")
    spans = re.sub(r"0x[0-9a-f]+", "0x", repr([facts(s) for s in seen])).replace("\n", " ")
    print(f"{name} | {answer} {spans}")


def http_meta(**given):
    with tracer.trace("web", span_type="web") as span:
        trace_utils.set_http_meta(span, config.flask, **given)


def metas():
    for given in (
        {}, {"method": "GET"}, {"method": "get", "url": "http://h/p?a=1#f"},
        {"url": "http://u:p@h:80/p?token=abc&x=1", "query": "token=abc&x=1"},
        {"method": b"PUT"}, {"url": "not a url", "status_code": 200},
        {"url": "http://h", "status_code": 404}, {"status_code": 500}, {"status_code": "503"},
        {"status_code": "abc"}, {"status_code": None}, {"status_code": 499.0}, {"status_msg": "Gone"},
        {"query": "a=b"}, {"query": b"a=b", "url": "http://h/"}, {"retries_remain": 3},
        {"request_headers": {"User-Agent": "ua", "X-Forwarded-For": "1.2.3.4"}},
        {"request_headers": {"user-agent": b"bytes"}}, {"request_headers": {}},
        {"request_headers": {"HTTP_USER_AGENT": "w"}, "response_headers": {"Content-Type": "t"}},
        {"response_headers": {"X-A": "b"}, "status_code": 201}, {"raw_uri": "http://h/raw?x"},
        {"request_cookies": {"a": "b"}}, {"request_path_params": {"id": "5"}}, {"route": "/p/<id>"},
        {"peer_ip": "8.8.8.8"}, {"host": "h"}, {"target_host": "db"}, {"server_address": "sa"},
        {"url": "http://[::1]:80/x"}, {"url": "https://h/é?ü=ö"}, {"url": ""},
        {"method": None, "url": None}, {"request_body": {"a": 1}}, {"headers_are_case_sensitive": True},
    ):
        show(f"set_http_meta {given}", lambda: http_meta(**given))
    show("set_http_meta unknown", lambda: http_meta(nope=1))


def distributed():
    headers = {"x-datadog-trace-id": "5", "x-datadog-parent-id": "6", "x-datadog-sampling-priority": "2"}

    def activate(**given):
        trace_utils.activate_distributed_headers(tracer, **given)
        with tracer.trace("after") as span:
            return span.trace_id if span.trace_id < 99 else "new", span.parent_id

    show("activate nothing", lambda: activate())
    show("activate headers", lambda: activate(request_headers=headers, override=True))
    show("activate off", lambda: activate(request_headers=headers, override=False))
    show("activate empty", lambda: activate(request_headers={}, override=True))
    show("activate wsgi", lambda: activate(request_headers={
        "HTTP_X_DATADOG_TRACE_ID": "7", "HTTP_X_DATADOG_PARENT_ID": "8"}, override=True))

    def nested():
        with tracer.trace("outer"):
            return activate(request_headers=headers, override=True)

    show("activate nested", nested)
    for value in ({"a": 1, "b": {"c": [1, 2]}}, [("x", {"y": None})], [], {"k": ["a"]}):
        def flat():
            with tracer.trace("flat") as span:
                trace_utils.set_flattened_tags(span, value.items() if isinstance(value, dict) else value)
        show(f"set_flattened_tags {value}", flat)


class Cursor:
    rowcount = 3
    description = None
    attribute = "own"

    def __init__(self):
        self.calls = []

    def execute(self, query, *args, **kwargs):
        if query == "bad":
            raise ValueError("no")
        return "executed"

    def executemany(self, query, *args):
        return "many"

    def callproc(self, proc, *args):
        return "proc"

    def fetchone(self, *args):
        return 1

    def fetchall(self, *args):
        return [1, 2]

    def fetchmany(self, *args):
        return [1]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return False

    def __iter__(self):
        return iter([1])


class Connection:
    own = 5

    def cursor(self, *args, **kwargs):
        return Cursor()

    def commit(self):
        return "c"

    def rollback(self):
        return "r"

    def close(self):
        return "x"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return False


def databases():
    from ddtrace._trace.pin import Pin
    from ddtrace.contrib.dbapi import FetchTracedCursor, TracedConnection, TracedCursor

    def connection(**kwargs):
        return TracedConnection(Connection(), pin=Pin("svc", tags={"t": "u"}), **kwargs)

    for cls in (None, TracedCursor, FetchTracedCursor):
        made = (lambda: connection()) if cls is None else (lambda: connection(cursor_cls=cls))
        name = getattr(cls, "__name__", "default")
        show(f"execute {name}", lambda: made().cursor().execute("select 1"))
        show(f"execute args {name}", lambda: made().cursor().execute("select ?", (1,)))
        show(f"executemany {name}", lambda: made().cursor().executemany("insert", [1, 2]))
        show(f"callproc {name}", lambda: made().cursor().callproc("p", 1))
        show(f"error {name}", lambda: made().cursor().execute("bad"))
        show(f"fetch {name}", lambda: (made().cursor().fetchone(), made().cursor().fetchall(),
                                       made().cursor().fetchmany(2), made().cursor().fetchmany()))
        show(f"iterate {name}", lambda: list(made().cursor()))
        show(f"cursor with {name}", lambda: with_cursor(made))
        show(f"types {name}", lambda: type(made().cursor()).__name__)
    show("commit", lambda: (connection().commit(), connection().rollback(), connection().close()))
    show("connection attributes", lambda: (connection().own, isinstance(connection(), Connection),
                                           connection().cursor().attribute))
    show("connection with", lambda: type(connection().__enter__()).__name__)
    show("connection no pin", lambda: TracedConnection(Connection()).cursor().execute("select 1"))
    show("long query", lambda: connection().cursor().execute("select " + "x" * 6000) and None)
    show("no text", lambda: connection().cursor().execute(None))
    show("set attribute", lambda: setattr(connection().cursor(), "arraysize", 5))


def with_cursor(made):
    with made().cursor() as cursor:
        return type(cursor).__name__, cursor.execute("select 2")


def wsgi():
    from ddtrace.contrib.wsgi import DDWSGIMiddleware

    def app(environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/fail":
            raise KeyError("failed")
        start_response({"/404": "404 Not Found", "/500": "500 Oops"}.get(path, "200 OK"),
                       [("Content-Type", "text/plain")])
        return [b"a", b"b"]

    def call(path, method="GET", middleware=DDWSGIMiddleware, **extra):
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "SERVER_NAME": "h", "SERVER_PORT": "80",
                   "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "QUERY_STRING": "q=1", **extra}
        status = []
        body = middleware(app)(environ, lambda s, h, e=None: status.append(s))
        data = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        return status, data

    for path in ("/", "/404", "/500", "/fail"):
        show(f"wsgi {path}", lambda: call(path))
    show("wsgi post", lambda: call("/", "POST"))
    show("wsgi headers", lambda: call("/", HTTP_USER_AGENT="ua", HTTP_X_DATADOG_TRACE_ID="9",
                                      HTTP_X_DATADOG_PARENT_ID="8"))
    show("wsgi no distributed", lambda: call(
        "/", middleware=lambda a: DDWSGIMiddleware(a, distributed_tracing=False),
        HTTP_X_DATADOG_TRACE_ID="9", HTTP_X_DATADOG_PARENT_ID="8"))


def asgi():
    from ddtrace.contrib.asgi import TraceMiddleware, span_from_scope

    async def app(scope, receive, send):
        if scope["path"] == "/fail":
            raise KeyError("failed")
        scope["told"] = type(span_from_scope(scope)).__name__
        await receive()
        status = {"/404": 404, "/500": 500}.get(scope["path"], 200)
        await send({"type": "http.response.start", "status": status,
                    "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"x"})

    def call(path, headers=(), **extra):
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"q=1",
                 "headers": list(headers), "server": ("h", 80), "client": ("c", 1), "scheme": "http",
                 "http_version": "1.1", "asgi": {"version": "3.0"}, "root_path": "", **extra}
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message["type"])

        asyncio.run(TraceMiddleware(app)(scope, receive, send))
        return sent, scope.get("told")

    for path in ("/", "/404", "/500", "/fail"):
        show(f"asgi {path}", lambda: call(path))
    show("asgi headers", lambda: call("/", [(b"user-agent", b"ua"), (b"x-datadog-trace-id", b"9"),
                                            (b"x-datadog-parent-id", b"8")]))
    show("asgi no server", lambda: call("/", server=None))
    show("asgi lifespan", lambda: call("/", type="lifespan"))
    show("asgi span", lambda: span_from_scope({}))


def pins():
    from ddtrace._trace.pin import Pin

    class Thing:
        pass

    thing = Thing()
    Pin("service").onto(thing)
    show("int_service", lambda: [trace_utils.int_service(p, config.flask, d) for p in
                                 (None, Pin.get_from(thing)) for d in (None, "d")])

    class Library:
        def call(self, value):
            return value

    def wrapper(func, instance, args, kwargs):
        return ("wrapped", func(*args, **kwargs))

    trace_utils.wrap(Library, "call", wrapper)
    show("wrap", lambda: (Library().call(1), trace_utils.iswrapped(Library, "call")))
    trace_utils.unwrap(Library, "call")
    show("unwrap", lambda: (Library().call(1), trace_utils.iswrapped(Library, "call")))
    show("unwrap twice", lambda: trace_utils.unwrap(Library, "call"))


def settings():
    for name in ("service", "env", "version", "tags", "service_mapping", "_trace_enabled", "logs_injection",
                 "_logs_injection", "health_metrics_enabled", "http", "trace_headers", "report_hostname",
                 "_report_hostname", "analytics_enabled", "nosuch", "_add", "flask", "redis", "nolibrary"):
        show(f"config.{name}", lambda: type(getattr(config, name)).__name__)
    show("config repr", lambda: type(config).__name__)
    show("config http", lambda: (config.http.trace_headers(["A-b"]) is not None,
                                 config._http.header_is_traced("a-B") if hasattr(config, "_http") else None))
    show("config is", lambda: ddtrace.config is config)
    show("config tags", lambda: setattr(config, "tags", {"x": "y"}))
    show("config env", lambda: (setattr(config, "env", "e1"), tracer.trace("n").finish()))
    show("config version", lambda: (setattr(config, "version", "v1"), tracer.trace("n").finish()))
    show("config service", lambda: (setattr(config, "service", "s1"), tracer.trace("n").finish()))
    show("config mapping", lambda: (setattr(config, "service_mapping", {"s1": "s2"}),
                                    tracer.trace("n").finish()))


for part in (metas, distributed, databases, wsgi, asgi, pins, settings):
    try:
        part()
    except Exception as error:
        print(f"{part.__name__} | broke {type(error).__name__} {error}")
