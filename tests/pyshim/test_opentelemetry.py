"""Programs of the OpenTelemetry API: their spans are the tracer's own.

Needs the environment `otel` of tests/env/setup.
"""

import asyncio
import os
import pathlib
import subprocess
import sys
import unittest

HOME = pathlib.Path(os.environ.get("DD_TEST_HOME", pathlib.Path.home() / ".cache/ddpython"))
SITE = next(HOME.glob("otel-%d.%d/lib/python*/site-packages" % sys.version_info[:2]), None)
if SITE is None:
    print("no environment otel: tests/env/setup makes it")
    sys.exit(77)
sys.path.append(str(SITE))

from opentelemetry import baggage, context, trace  # noqa: E402
from opentelemetry.trace import (  # noqa: E402
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)
from opentelemetry.trace.span import DEFAULT_TRACE_OPTIONS  # noqa: E402

from ddtrace.internal.opentelemetry.span import Span  # noqa: E402
from ddtrace.opentelemetry import TracerProvider  # noqa: E402
from ddtrace.trace import tracer  # noqa: E402

ENABLED = os.environ.get("DD_TRACE_OTEL_ENABLED") == "true"
OURS = TracerProvider().get_tracer("tests")


def remote(flags=TraceFlags(1), state=()):
    span = NonRecordingSpan(SpanContext(0xABC, 0xDEF, True, flags, TraceState(state)))
    return trace.set_span_in_context(span)


class Spans(unittest.TestCase):
    def test_kind_and_attributes(self):
        span = OURS.start_span("name", kind=SpanKind.CLIENT,
                               attributes={"a": 1, "b": [1, "x"], "c": True, "n": None})
        span.set_attributes({"service.name": "s", "resource.name": "r", "span.type": "web",
                             "http.response.status_code": 404})
        made = span._ddspan
        self.assertEqual((made.service, made.resource, made.span_type), ("s", "r", "web"))
        self.assertEqual(made._get_attributes() | {"a": 1, "b.0": 1, "b.1": "x", "c": 1, "n": "None",
                                                   "span.kind": "client", "http.status_code": "404"},
                         made._get_attributes())
        self.assertEqual((span.kind, made._span_api), ("client", "otel"))
        span.end()

    def test_the_operation_is_named_when_it_ends(self):
        cases = [({}, SpanKind.INTERNAL, "internal"), ({}, SpanKind.SERVER, "server"),
                 ({"operation.name": "Op"}, SpanKind.CLIENT, "Op"),
                 ({"graphql.operation.type": "q"}, SpanKind.SERVER, "graphql.server.request")]
        for attributes, kind, name in cases:
            with self.subTest(name=name):
                span = OURS.start_span("first", kind=kind, attributes=attributes)
                span.update_name("second")
                self.assertEqual(span._ddspan.name, "first")
                span.end()
                self.assertEqual((span._ddspan.name, span._ddspan.resource), (name, "second"))

    def test_times_are_nanoseconds_and_of_events_microseconds(self):
        span = OURS.start_span("x", start_time=10**18)
        span.add_event("e", {"k": [1, 2]}, timestamp=5)
        span.end(10**18 + 7)
        self.assertEqual((span._ddspan.start_ns, span._ddspan.duration_ns), (10**18, 7))
        [event] = span._ddspan._get_events()
        self.assertEqual((event.time_unix_nano, event.attributes), (5000, {"k": [1, 2]}))

    def test_a_status_can_only_become_an_error(self):
        for first, second in ((StatusCode.OK, StatusCode.ERROR), (StatusCode.ERROR, StatusCode.OK)):
            span = OURS.start_span("x")
            span.set_status(Status(first, "why") if first is StatusCode.ERROR else first)
            span.set_status(second, "why")
            self.assertEqual((span._ddspan.error, span._ddspan.get_tag("error.message")), (1, "why"))
            span.end()

    def test_nothing_changes_after_the_end(self):
        span = OURS.start_span("x")
        span.end()
        span.end(1)
        span.set_attribute("a", "b")
        span.add_event("e")
        span.set_status(StatusCode.ERROR)
        span.record_exception(ValueError())
        span.update_name("y")
        made = span._ddspan
        self.assertFalse(span.is_recording())
        self.assertEqual((made.get_tag("a"), made.error, made.resource, made._get_events()),
                         (None, 0, "x", []))

    def test_links(self):
        to = SpanContext(1, 2, True, TraceFlags(1), TraceState([("a", "b")]))
        span = OURS.start_span("x", links=[Link(to, {"k": [1]})])
        span.add_link(SpanContext(3, 4, False), {"z": 1})
        first, second = span._ddspan._get_links()
        self.assertEqual((first.trace_id, first.span_id, first.tracestate, first.flags, first.attributes),
                         (1, 2, "a=b", 1, {"k.0": "1"}))
        self.assertEqual((second.trace_id, second.attributes), (3, {"z": "1"}))
        span.end()

    def test_attributes_that_mean_something_to_the_tracer(self):
        span = OURS.start_span("x", attributes={"manual.keep": "", "_dd.measured": "yes", "l": [True, b"b"],
                                                "http.response.status_code": [200]})
        span.set_attribute("bytes", b"text")
        made = span._ddspan
        self.assertEqual((made.context.sampling_priority, made.get_metric("_dd.measured")), (2, 1))
        self.assertEqual((made.get_tag("l.0"), made.get_tag("l.1"), made.get_tag("bytes")), ("True", "b'b'", "text"))
        self.assertIsNone(made.get_tag("http.status_code"))
        span.set_attribute("graphql.operation.type", 5)
        span.end()
        self.assertEqual(made.name, "internal")

    def test_an_exception_is_recorded_as_its_attributes_say(self):
        span = OURS.start_span("x")
        span.record_exception(ValueError("v"))
        self.assertEqual(sorted(span._ddspan._get_events()[0].attributes),
                         ["exception.escaped", "exception.message", "exception.type"])
        self.assertEqual(span._ddspan.get_tag("error.stack"), "ValueError: v\n")
        span.record_exception(ValueError("v"), {"exception.type": "t", "exception.message": "m",
                                                "exception.stacktrace": "s"})
        made = span._ddspan
        self.assertEqual([made.get_tag("error." + name) for name in ("type", "message", "stack")], ["t", "m", "s"])
        span.end()

    def test_an_error_ends_a_with(self):
        with self.assertRaises(KeyError), OURS.start_as_current_span("x") as span:
            raise KeyError("k")
        made = span._ddspan
        self.assertEqual((made.error, made.get_tag("error.type"), made.get_tag("error.message")),
                         (1, "builtins.KeyError", "KeyError: 'k'"))
        self.assertEqual([e.attributes["exception.escaped"] for e in made._get_events()], ["False"])
        with self.assertRaises(KeyError), OURS.start_as_current_span(
                "x", record_exception=False, set_status_on_exception=False) as span:
            raise KeyError("k")
        self.assertEqual((span._ddspan.error, span._ddspan._get_events()), (0, []))

    def test_functions_are_decorated(self):
        @OURS.start_as_current_span("deco")
        def plain():
            return trace.get_current_span()._ddspan.resource

        @OURS.start_as_current_span("async deco")
        async def coroutine():
            await asyncio.sleep(0)
            return trace.get_current_span()._ddspan.resource

        self.assertEqual((plain(), asyncio.run(coroutine())), ("deco", "async deco"))

    def test_asking_for_its_identity_decides_about_the_trace(self):
        with OURS.start_as_current_span("x") as span:
            self.assertIsNone(span._ddspan.context.sampling_priority)
            found = span.get_span_context()
        self.assertEqual((found.trace_id, found.span_id, found.is_remote),
                         (span._ddspan.trace_id, span._ddspan.span_id, False))
        self.assertEqual(found.trace_flags, 1)
        self.assertIn(f"p:{found.span_id:016x};s:1", found.trace_state["dd"])


class Parents(unittest.TestCase):
    def test_a_span_of_elsewhere(self):
        span = OURS.start_span("x", context=remote(state=[("dd", "s:2;o:rum"), ("v", "1")]))
        made = span._ddspan
        self.assertEqual((made.trace_id, made.parent_id), (0xABC, 0xDEF))
        self.assertEqual((made.context.sampling_priority, made.context.dd_origin), (2, "rum"))
        span.end()
        span = OURS.start_span("x", context=remote(TraceFlags(0)))
        self.assertEqual(span._ddspan.context.sampling_priority, 0)
        span.end()
        span = OURS.start_span("x", context=remote(DEFAULT_TRACE_OPTIONS))
        self.assertIsNone(span._ddspan.context.sampling_priority)
        span.end()

    def test_what_is_not_valid_is_a_new_trace(self):
        span = OURS.start_span("x", context=trace.set_span_in_context(trace.INVALID_SPAN))
        self.assertIsNone(span._ddspan.parent_id)
        span.end()

    def test_spans_nest(self):
        with OURS.start_as_current_span("a") as a, OURS.start_as_current_span("b") as b:
            self.assertIs(b._ddspan._parent, a._ddspan)


@unittest.skipUnless(ENABLED, "the contexts are two")
class Shared(unittest.TestCase):
    def tearDown(self):
        tracer.context_provider.activate(None)

    def test_both_apis_have_one_active_span(self):
        self.assertIsInstance(trace.get_tracer_provider(), TracerProvider)
        with OURS.start_as_current_span("a") as a:
            self.assertIs(tracer.current_span(), a._ddspan)
            with tracer.trace("dd") as inner:
                self.assertIs(inner._parent, a._ddspan)
                self.assertIs(trace.get_current_span()._ddspan, inner)
                with OURS.start_as_current_span("b") as b:
                    self.assertIs(b._ddspan._parent, inner)
            self.assertIsInstance(trace.get_current_span(), Span)
        self.assertIsNone(tracer.current_span())
        self.assertFalse(trace.get_current_span().get_span_context().is_valid)

    def test_baggage_is_one(self):
        with OURS.start_as_current_span("a") as a:
            token = context.attach(baggage.set_baggage("k", "v"))
            self.assertEqual(a._ddspan.context.get_all_baggage_items(), {"k": "v"})
            with tracer.trace("dd") as inner:
                inner.context.set_baggage_item("l", "w")
                self.assertEqual(dict(baggage.get_all()), {"k": "v", "l": "w"})
            context.detach(token)

    def test_values_of_baggage_keep_their_type(self):
        token = context.attach(baggage.set_baggage("n", 5))
        try:
            self.assertEqual(baggage.get_baggage("n"), 5)
        finally:
            context.detach(token)

    def test_a_remote_span_is_active_as_a_context(self):
        token = context.attach(remote())
        with tracer.trace("x") as span:
            self.assertEqual((span.trace_id, span.parent_id), (0xABC, 0xDEF))
        context.detach(token)

    def test_other_values_of_a_context_are_kept(self):
        token = context.attach(context.set_value("key", "value"))
        with OURS.start_as_current_span("a"):
            self.assertEqual(context.get_value("key"), "value")
        context.detach(token)
        self.assertIsNone(context.get_value("key"))

    def test_tasks_do_not_disturb_each_other(self):
        async def work(name):
            with OURS.start_as_current_span(name) as span:
                await asyncio.sleep(0)
                return trace.get_current_span()._ddspan is span._ddspan

        async def main():
            with OURS.start_as_current_span("root"):
                return await asyncio.gather(*(work(str(i)) for i in range(10)))

        self.assertEqual(asyncio.run(main()), [True] * 10)


class Both(unittest.TestCase):
    @unittest.skipIf(ENABLED, "runs in the other process")
    def test_with_shared_contexts(self):
        done = subprocess.run([sys.executable, __file__], capture_output=True, text=True,
                              env=os.environ | {"DD_TRACE_OTEL_ENABLED": "true"})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_program_needs_no_line_of_ours(self):
        code = (f"import sys; sys.path.append({str(SITE)!r}); from opentelemetry import trace; "
                "print(type(trace.get_tracer_provider()).__module__)")
        for value, module in (("true", "ddtrace.internal.opentelemetry.trace"),
                              ("false", "opentelemetry.trace")):
            shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                                   env=os.environ | {"DD_TRACE_OTEL_ENABLED": value})
            self.assertEqual((shown.stdout, shown.stderr), (module + "\n", ""))


if __name__ == "__main__":
    unittest.main()
