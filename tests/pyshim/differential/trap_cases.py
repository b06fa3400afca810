"""The traps of TRAPS.md that a program can see from Python, one or more lines each, as cases.py.

    python trap_cases.py
"""

import asyncio
import gc
import logging
import os
import sys
import threading

from ddtrace._trace._span_pointer import _SpanPointerDirection
from ddtrace.internal import core
from ddtrace.propagation.http import HTTPPropagator
from ddtrace.trace import Context, Span, tracer

logging.disable(logging.CRITICAL)


class Writer:
    def __init__(self):
        self.traces = []

    def write(self, spans=None):
        self.traces.append(spans)

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


WRITER = Writer()
tracer._span_aggregator.writer = WRITER


def ordered(value):
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [ordered(item) for item in value]
    return value


def line(number, *seen):
    print(f"trap {number} | {ordered(seen)}", flush=True)


class Opening:
    def __str__(self):
        with tracer.trace("inner"):
            return "text"


def values():
    span = Span("x")
    span.set_tags({"t": True, "n": None, "b": b"x", "i": 5, "http.status_code": 200, "k": "v"})
    span.set_metrics({"big": 2**63, "k": 1, "j": 1})
    span.set_tag("j", "v")
    line(1, span.get_tags(), span.get_metrics())
    span.set_tag("o", Opening())
    span.set_tag("o", "z")
    gc.collect()
    line(2, span.get_tag("o"), [trace[0].name for trace in WRITER.traces])
    for key in ("manual.keep", "manual.drop"):
        with tracer.trace("decided") as span:
            span.set_tag(key, False)
        line(3, span.context.sampling_priority, span.get_tag(key), span.context._meta["_dd.p.dm"])
    span.set_link(1, 2)
    span.set_link(3, 2)
    for _ in range(2):
        span._add_span_pointer("k", _SpanPointerDirection.UPSTREAM, "h")
    line(9, [(at.trace_id, at.span_id, dict(at.attributes)) for at in span._get_links()])


def traces():
    with tracer.trace("root") as root, tracer.trace("child") as child:
        root.context._meta["_dd.p.foo"] = "1"
        root.context._meta["_dd.p.dm"] = "-3"
        child.context.set_baggage_item("q", "1")
        with tracer.trace("late") as late:
            line(4, child.context._meta, root.context._baggage, late.get_tags())
    first, second = tracer.trace("a"), tracer.trace("b")
    first.finish()
    line(5, tracer.current_span().name)
    second.finish()
    line(5, tracer.current_span())
    span = tracer.start_span("remote", child_of=Context(1, 2))
    line(6, span.get_metric("process_id") == os.getpid(), bool(span.get_tag("runtime-id")))
    line(7, span.get_tag("version"))
    for end in (5, -5):
        span = tracer.trace("f")
        span.finish(span.start + end)
        before = span.duration_ns
        span.finish(span.start + 9)
        line(8, round(span.duration), span.duration_ns == before)
    with tracer.trace("o") as span:
        span.context.dd_origin = "synthetics"
        tracer.trace("p").finish()
    line(27, [(at.name, at.get_tag("_dd.origin"), at.get_metric("_sampling_priority_v1"))
              for at in WRITER.traces[-1]])
    with tracer.trace("main"):
        thread = threading.Thread(target=lambda: line("thread", tracer.current_span()))
        thread.start()
        thread.join()


def errors():
    for error in (SystemExit(0), SystemExit(), SystemExit(1), SystemExit("x")):
        try:
            with tracer.trace("x") as span:
                raise error
        except SystemExit:
            line(10, span.error)

    def deep(levels):
        if levels == 0:
            raise ValueError("m")
        deep(levels - 1)

    try:
        with tracer.trace("x") as span:
            deep(60)
    except ValueError:
        line(11, span.get_tag("error.stack").count("File "))


def headers():
    for number, carried in (
        (21, {"x-datadog-trace-id": "1", "x-datadog-tags": "_dd.p.tid=ABCDEF0123456789"}),
        (21, {"x-datadog-trace-id": "1", "x-datadog-tags": "_dd.p.tid=0000000000000000"}),
        (21, {"x-datadog-trace-id": "1", "x-datadog-tags": "_dd.p.tid=01"}),
        (22, {"traceparent": f"ff-{1:032x}-{2:016x}-01"}),
        (22, {"traceparent": f"00-{1:032x}-{2:016x}-01-x"}),
        (22, {"traceparent": f"01-{1:032x}-{2:016x}-01-x"}),
        (22, {"traceparent": f"00-{'A' * 32}-{2:016x}-01"}),
        (23, {"baggage": "a=b,c"}),
        (23, {"baggage": ",".join(f"k{i}=v" for i in range(70))}),
        (23, {"baggage": "a=1;p=2"}),
    ):
        found = HTTPPropagator.extract(carried)
        line(number, found.trace_id, found.span_id, found._meta, len(found._baggage))
    found = HTTPPropagator.extract({
        "traceparent": f"00-{'1' * 32}-{2:016x}-01",
        "tracestate": "x=1,dd=s:2;t.foo:b~r,ot=rv:11111111111111;th:0"})
    sent = {}
    with tracer.start_span("q", child_of=found) as span:
        HTTPPropagator.inject(span.context, sent)
    line(34, sent["traceparent"][:36],
         [at for at in sent["tracestate"].split(",") if not at.startswith("dd=")])


def events():
    heard = []
    for at, name in enumerate(("one", "two", "one")):
        core.on("trap", lambda at=at: heard.append(at), name=name)
    core.dispatch("trap", ())
    line(29, heard)

    def stop(*args):
        raise KeyboardInterrupt

    core.on("stopping", stop)
    core.on("stopping", lambda: heard.append("after"))
    try:
        core.dispatch("stopping", ())
    except KeyboardInterrupt:
        line(29, "stopped", "after" in heard)


@tracer.wrap("generator")
def steps():
    yield 1
    yield tracer.current_span().name


@tracer.wrap("async generator")
async def asked():
    sent = yield 1
    try:
        yield sent
    except ValueError:
        yield "caught"


async def ask():
    given = asked()
    seen = [await given.asend(None), await given.asend("s"), await given.athrow(ValueError)]
    await given.aclose()
    return seen


def wrapped():
    left = steps()
    next(left)
    line(32, tracer.current_span().name, list(left), tracer.current_span())
    line(32, asyncio.run(ask()))


def forked():
    reading, writing = os.pipe()
    with tracer.trace("parent") as parent:
        if not (pid := os.fork()):
            child = tracer.trace("child")
            told = (child.parent_id == parent.span_id, child._parent, child.trace_id ==
                    parent.trace_id)
            os.write(writing, repr(told).encode())
            os._exit(0)
        os.waitpid(pid, 0)
        line(30, os.read(reading, 999))


for part in (values, traces, errors, headers, events, wrapped, forked):
    part()
sys.stdout.flush()
