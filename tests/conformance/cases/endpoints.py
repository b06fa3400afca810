"""Spans of requests by hand: which of them tell the shape of their path."""

from __future__ import annotations

from ddtrace import tracer

URL = "http://shop.test/users/12/orders/2021-01-02?q=1"
ROWS: list[tuple[str | None, dict[str, str]]] = [
    ("web", {"http.url": URL}),
    ("http", {"http.url": URL}),
    ("serverless", {"http.url": URL}),
    ("worker", {"http.url": URL}),
    (None, {"http.url": URL}),
    ("web", {"http.url": URL, "http.route": ""}),
    ("web", {"http.url": URL, "http.route": "/users/<id>"}),
    ("web", {"http.url": URL, "http.status_code": "404"}),
    ("web", {"http.url": URL, "http.status_code": "500"}),
    ("web", {"http.url": URL, "span.kind": "client"}),
    ("web", {}),
    ("web", {"http.url": "nonsense"}),
    ("web", {"http.url": "http://shop.test"}),
    ("web", {"http.url": "http://shop.test/a;x=1/b;c#d/12"}),
    ("web", {"http.url": "http://shop.test/é/" + "a" * 19 + "/" + "b" * 20}),
]

for kind, tags in ROWS:
    with tracer.trace("request", span_type=kind) as span:
        span.set_tags(dict(tags))
        with tracer.trace("below", span_type="web") as below:
            below.set_tag("http.url", URL)
        with tracer.trace("other", span_type="web", service="other") as other:
            other.set_tag("http.url", URL)
