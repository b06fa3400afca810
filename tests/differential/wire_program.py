"""Traces of every kind that statistics and filters look at, in three flushes: wire.py compares them."""

import time

from ddtrace.trace import tracer


def span(name, tags, error=0, **fields):
    with tracer.trace(name, **fields) as made:
        for key, value in tags.items():
            made.set_tag(key, value)
        made.error = error


def work():
    with tracer.trace("web", service="shop", resource="GET /", span_type="web") as web:
        for key, value in {"span.kind": "server", "http.method": "GET", "http.status_code": 200, "http.route": "/r",
                           "team": "x"}.items():
            web.set_tag(key, value)
        span("sql", {"span.kind": "client", "peer.hostname": "10.0.0.1", "db.instance": "d", "team": "y" * 201},
             service="pg", resource="select a as b from t where c in (1, 2) and d = 'x' -- no", span_type="sql")
        span("redis.command", {"span.kind": "client", "out.host": "::1,10.0.0.2:80,ip-10-0-0-3"}, service="redis",
             resource="SET k v\nGET k", span_type="redis")
        for name in ("cassandra", "valkey", "memcached", "mongodb", "elasticsearch", "http"):
            span(name, {"span.kind": "client", "out.host": ""}, service=name, resource="GET k = 1", span_type=name)
        for code in ("StatusCode.NOT_FOUND", "7", 5, "no such"):
            span("grpc", {"span.kind": "Consumer", "rpc.grpc.status_code": code}, resource=str(code), service="grpc")
        span("inner", {"x": "1"}, resource="plain")
        with tracer.trace("more") as more:
            more.set_link(1, 2, "dd=s:1", 1, {"a": [1, "b"]})
            more._add_event("event", {"n": 1, "list": [1.5, 2.5], "flag": True}, 5)
            more._set_struct_tag("struct", {"a": [1, {"b": None}]})
        span("measured", {"_dd.measured": 1}, resource="é" * 6000)
        span("kind", {"span.kind": "producer"})
        span("internal", {"span.kind": "internal"})
        span("partial", {"span.kind": "client", "_dd.partial_version": 1})
        span("wrong", {}, error=1, service="wrong")
        span("n" * 120, {"span.kind": "server" + "k" * 120, "_dd.measured": 1, "http.method": "m" * 120,
                         "http.endpoint": "/e" * 3000, "_dd.svc_src": "s" * 120}, service="s" * 120, span_type="t" * 120)
    # Statistics of these are known to the byte: they are old, so their bucket is the oldest.
    for length in (0, 1, 999, 10 ** 6, 123456789, 10 ** 9, 86400 * 10 ** 9):
        for error in (0, 1):
            made = tracer.start_span("fixed", service="shop", resource="fixed")
            made.error = error
            made.start_ns = 1_600_000_000_000_000_000
            made._finish_ns(made.start_ns + length)
    with tracer.trace("dropped", service="shop", resource="drop") as dropped:
        dropped.set_tag("manual.drop")
        span("child", {})
        span("sql", {}, service="pg", span_type="sql", resource="select 1")
    span("wrong and dropped", {"manual.drop": None}, error=1)
    for name, resource, tags in (("a", "GET /health", {}), ("b", "GET /x", {"env2": "prod"}),
                                 ("c", "GET /y", {"team": "x", "n": 5}), ("d", "POST /z", {"team": "yx", "env2": "dev"}),
                                 ("e", "r", {"n": 7, "env2": ""}), ("f", "r", {"f": 1.5, "env2": "prod"})):
        with tracer.trace(name, service="shop", resource=resource) as root:
            for key, value in tags.items():
                root.set_tag(key, value)
            span(name + "1", {"team": "inner", "env2": "prod"}, resource="child")


with tracer.trace("first", service="shop", resource="GET /"):
    pass
tracer.flush()
time.sleep(0.7)  # until both have an answer to /info
work()
tracer.flush()
with tracer.trace("last", service="shop"):
    pass
tracer.flush()
