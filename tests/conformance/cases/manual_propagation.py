"""The tracer's own interface: contexts in and out of headers."""

import pickle

from ddtrace.propagation.http import HTTPPropagator
from ddtrace.trace import Context, tracer

with tracer.trace("sender") as span:
    span.context.set_baggage_item("user", "ann")
    headers = {}
    HTTPPropagator.inject(span.context, headers)
    for key, value in sorted(headers.items()):
        print(key, value)
    # A remote service with the same headers.
    received = HTTPPropagator.extract(headers)
    print(received.trace_id == span.trace_id, received.span_id == span.span_id)
    print(received.sampling_priority, received.get_baggage_item("user"))

tracer.context_provider.activate(received)
with tracer.trace("receiver") as span:
    print(span.parent_id == received.span_id)
tracer.context_provider.activate(None)

HEADERS = {
    "datadog": {
        "x-datadog-trace-id": "1234",
        "x-datadog-parent-id": "5678",
        "x-datadog-sampling-priority": "2",
        "x-datadog-origin": "rum",
        "x-datadog-tags": "_dd.p.dm=-4,_dd.p.tid=640cfd8d00000000,_dd.p.own=x",
    },
    "w3c": {
        "traceparent": "00-0000000000000000000000000000abcd-00000000000000ef-01",
        "tracestate": "dd=s:2;o:rum;t.dm:-4;p:00000000000000aa,other=1",
    },
    "w3c dropped": {"traceparent": "00-0000000000000000000000000000abce-00000000000000ef-00"},
    "both, same": {
        "x-datadog-trace-id": "43981",
        "x-datadog-parent-id": "1",
        "traceparent": "00-0000000000000000000000000000abcd-00000000000000ef-01",
        "tracestate": "dd=p:0000000000000001",
    },
    "both, other": {
        "x-datadog-trace-id": "99",
        "x-datadog-parent-id": "1",
        "traceparent": "00-0000000000000000000000000000abcd-00000000000000ef-01",
    },
    "b3": {"x-b3-traceid": "abcd", "x-b3-spanid": "ef", "x-b3-sampled": "1"},
    "baggage": {"baggage": "user.id=1,plain=word%20two"},
    "wrong": {"x-datadog-trace-id": "no number", "x-datadog-parent-id": "1"},
    "too much": {"x-datadog-trace-id": str(2**64), "x-datadog-parent-id": "1"},
    "nothing": {},
    "upper case": {"X-Datadog-Trace-Id": "12", "X-Datadog-Parent-Id": "34"},
}
for name, headers in HEADERS.items():
    context = HTTPPropagator.extract(headers)
    print(name, context.trace_id, context.span_id, context.sampling_priority, context.dd_origin)
    print("  ", sorted(context.get_all_baggage_items().items()))
    tracer.context_provider.activate(context)
    with tracer.trace("continues " + name) as span:
        sent = {}
        HTTPPropagator.inject(span.context, sent)
        print("  ", sorted(sent))
        with tracer.trace("child of " + name):
            pass
    tracer.context_provider.activate(None)

context = Context(trace_id=77, span_id=88, sampling_priority=-1)
print(pickle.loads(pickle.dumps(context)) == context)
with tracer.start_span("explicit parent", child_of=context, activate=True) as span:
    print(span.trace_id, span.parent_id, span.context.sampling_priority)
    sent = {}
    HTTPPropagator.inject(span.context, sent)
    print({key: sent[key] for key in sorted(sent) if key.endswith(("trace-id", "priority"))})
