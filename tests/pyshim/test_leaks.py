"""Nothing grows: every operation a thousand times, and as many blocks of memory as before."""

import gc
import sys
import unittest

from ddtrace._trace._span_link import SpanLink
from ddtrace.trace import Context, Span, TraceFilter, tracer


def growth(function, calls=2000):
    for _ in range(200):
        function()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(calls):
        function()
    gc.collect()
    return sys.getallocatedblocks() - before


def spans():
    with tracer.trace("root") as root:
        with tracer.trace("child", service="s", resource="r", span_type="web") as child:
            child.set_tag("a", "b")
            child.set_metric("m", 1.5)
        root.set_tags({"x": 1, "y": object()})
        root.context.set_baggage_item("k", "v")


def links_and_events():
    span = Span("x", links=[SpanLink(1, 2)])
    span.set_link(3, 4, attributes={"a": [1, {2}]})
    span.link_span(Context(1, 2))
    span._add_event("e", {"a": [1, "x"], "b": None})
    span._set_struct_tag("s", {"a": [1, {}]})
    span.finish()
    repr(span), span._get_links()[0].to_dict(), dict(span._get_events()[0])


def errors():
    try:
        with tracer.trace("x") as span:
            span._ignore_exception(KeyError)
            raise ValueError("boo")
    except ValueError as error:
        span.record_exception(error)
        span.set_traceback(1)


def contexts():
    context = Context(1, 2, "o", 1, {"a": "b"}, {"m": 1}, [SpanLink(1, 2)], {"c": "d"})
    context._meta["x"] = "y"
    context._meta = dict(context._meta)
    context.dd_user_id = "u"
    context.copy(3, 4)._baggage.update(e="f")
    repr(context), context == Context(1, 2), context._tracestate, context.dd_user_id
    context.__setstate__(context.__getstate__())
    with tracer.start_span("x", child_of=context):
        pass


def callbacks():
    span = tracer.trace("x")
    span._on_finish_callbacks.append(lambda s: None)
    span._set_ctx_item("me", span)
    span.finish()


def unfinished():
    span = tracer.start_span("x")
    span._set_ctx_item("me", span)
    tracer.start_span("y", child_of=span).finish()


class Keep(TraceFilter):
    def process_trace(self, trace):
        trace[0].set_tag("seen", "1")
        return trace


class Leaks(unittest.TestCase):
    def check(self, function):
        self.assertLess(growth(function), 500, function.__name__)

    def test_operations(self):
        for function in (spans, links_and_events, errors, contexts, callbacks, unfinished):
            with self.subTest(function.__name__):
                self.check(function)

    def test_filters(self):
        tracer.configure(trace_processors=[Keep()])
        self.addCleanup(tracer.configure, trace_processors=[])
        for function in (spans, callbacks):
            with self.subTest(function.__name__):
                self.check(function)


if __name__ == "__main__":
    unittest.main()
