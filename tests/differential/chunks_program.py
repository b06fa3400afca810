"""Traces whose sampling and tags depend on the settings: chunks.py compares them."""

from ddtrace.propagation.http import HTTPPropagator
from ddtrace.trace import tracer

# No origin: the reference writes it twice into such spans, which our stand-in of an agent refuses.
for name, service in (("a", "s1"), ("b", "s2"), ("keep", "s1"), ("drop", "s3"), ("single", "s4"), ("plain", None)):
    with tracer.trace(name, service=service) as span:
        span.set_tag("x", 3)
        span.set_tag("y", "YES")
        with tracer.trace("child." + name, service="db") as child:
            child.resource = "GET k"
            child.set_tag("span.kind", "client")
            child.set_tag("out.host", "10.0.0.1")
        if name in ("keep", "drop"):
            span.set_tag("manual." + name)
for headers in (
    {"x-datadog-trace-id": "77", "x-datadog-parent-id": "5", "x-datadog-sampling-priority": "1",
     "x-datadog-tags": "_dd.p.ts=02,_dd.p.dm=-4"},
    {"x-datadog-trace-id": "77", "x-datadog-parent-id": "5"},
    {"traceparent": f"00-{78:032x}-{5:016x}-01", "tracestate": "dd=s:2;p:00000000000000ff"},
):
    with tracer.start_span("continued", child_of=HTTPPropagator.extract(headers), activate=True):
        pass
tracer.flush()
