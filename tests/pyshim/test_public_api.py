"""The public tracing interface, as a program under ddpython sees it."""

import asyncio
import contextlib
import inspect
import os
import pickle
import subprocess
import sys
import unittest


class Import(unittest.TestCase):
    def test_nothing_of_ours_is_imported_before_it_is_asked_for(self):
        code = "import sys; print([m for m in sys.modules if m.partition('.')[0] == 'ddtrace'])"
        shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual((shown.stdout, shown.stderr), ("[]\n", ""))

    def test_the_tracer_is_one(self):
        import ddtrace
        from ddtrace.trace import Tracer, tracer

        self.assertIs(ddtrace.tracer, tracer)
        self.assertIsInstance(tracer, Tracer)
        self.assertEqual(ddtrace.__version__, "4.16.0")
        self.assertRaises(AttributeError, getattr, ddtrace, "Span")

    def test_private_homes_name_the_same_classes(self):
        from ddtrace import trace
        from ddtrace._trace.context import Context
        from ddtrace._trace.span import Span

        self.assertEqual((Context, Span), (trace.Context, trace.Span))
        self.assertEqual((Span.__module__, Span.__qualname__), ("ddtrace._trace.span", "Span"))

    def test_constants_have_their_values(self):
        from ddtrace import constants
        from ddtrace.ext import SpanTypes, http

        self.assertEqual((constants.USER_KEEP, constants.USER_REJECT), (2, -1))
        self.assertEqual((SpanTypes.WEB, http.STATUS_CODE), ("web", "http.status_code"))


class Wrap(unittest.TestCase):
    def setUp(self):
        from ddtrace.trace import tracer

        self.tracer = tracer

    def names(self):
        return self.tracer.current_span().name

    def test_functions_keep_their_kind(self):
        def plain(): ...
        def generator(): yield
        async def coroutine(): ...
        async def async_generator(): yield

        wrap = self.tracer.wrap()
        self.assertTrue(inspect.isfunction(wrap(plain)))
        self.assertTrue(inspect.isgeneratorfunction(wrap(generator)))
        self.assertTrue(inspect.iscoroutinefunction(wrap(coroutine)))
        self.assertTrue(inspect.isasyncgenfunction(wrap(async_generator)))
        self.assertEqual(wrap(plain).__name__, "plain")

    def test_a_generator_keeps_its_span_in_the_consumer(self):
        @self.tracer.wrap("numbers")
        def numbers():
            yield 1
            yield 2

        made = numbers()
        self.assertIsNone(self.tracer.current_span())
        next(made)
        self.assertEqual(self.names(), "numbers")
        self.assertEqual(list(made), [2])
        self.assertIsNone(self.tracer.current_span())

    def test_an_async_generator_gets_what_is_sent_thrown_and_closed(self):
        ended = []

        @self.tracer.wrap("echo")
        async def echo():
            try:
                got = yield "first"
                try:
                    yield got
                except ValueError:
                    yield "caught"
            finally:
                ended.append(True)

        async def use():
            made = echo()
            seen = [await made.__anext__(), await made.asend("sent"), await made.athrow(ValueError)]
            await made.aclose()
            return seen

        self.assertEqual(asyncio.run(use()), ["first", "sent", "caught"])
        self.assertEqual(ended, [True])
        self.assertIsNone(self.tracer.current_span())

    def test_an_exception_passes_and_marks_the_span(self):
        spans = []

        @self.tracer.wrap("fails")
        def fails():
            spans.append(self.tracer.current_span())
            raise KeyError("k")

        self.assertRaises(KeyError, fails)
        self.assertEqual((spans[0].error, spans[0].finished), (1, True))


class Contexts(unittest.TestCase):
    def test_a_context_survives_pickling(self):
        from ddtrace.trace import Context

        context = Context(5, 6, "rum", 2, {"_dd.p.x": "y"}, baggage={"a": "b"})
        self.assertEqual(pickle.loads(pickle.dumps(context)), context)

    def test_a_provider_of_the_application_is_asked(self):
        from ddtrace.trace import BaseContextProvider, tracer

        class Own(BaseContextProvider):
            value = None

            def _has_active_context(self):
                return self.value is not None

            def active(self):
                return self.value if self.value is None or not self.value.finished else None

            def activate(self, ctx):
                self.value = ctx

        self.assertRaises(TypeError, BaseContextProvider)
        before, own = tracer.context_provider, Own()
        tracer.configure(context_provider=own)
        try:
            with tracer.trace("x") as span:
                self.assertIs(own.value, span)
                self.assertIs(tracer.current_span(), span)
            self.assertIsNone(tracer.current_span())
        finally:
            tracer.context_provider = before

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_a_forked_child_continues_the_trace_as_a_remote_parent(self):
        from ddtrace.trace import tracer

        with tracer.trace("parent") as parent:
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                with contextlib.suppress(BaseException), tracer.trace("child") as span:
                    same = span.trace_id == parent.trace_id and span.parent_id == parent.span_id
                    os.write(writer, b"%d%d" % (same, span._parent is None))
                os._exit(0)
            os.waitpid(child, 0)
            self.assertEqual(os.read(reader, 2), b"11")
            os.close(reader)
            os.close(writer)

    def test_log_correlation_has_every_key_as_text(self):
        from ddtrace import config
        from ddtrace.trace import tracer

        self.assertEqual(tracer.get_log_correlation_context()["dd.trace_id"], "0")
        with tracer.trace("x", service="svc") as span:
            shown = tracer.get_log_correlation_context()
        self.assertEqual(shown["dd.trace_id"], f"{span.trace_id:032x}")
        self.assertEqual((shown["dd.span_id"], shown["dd.service"]), (str(span.span_id), config.service or ""))


class Propagation(unittest.TestCase):
    def test_what_is_injected_is_extracted(self):
        from ddtrace.propagation.http import HTTPPropagator
        from ddtrace.trace import tracer

        headers = {}
        with tracer.trace("x") as span:
            span.context.set_baggage_item("user.id", "7")
            HTTPPropagator.inject(span, headers)
        self.assertEqual(headers["x-datadog-parent-id"], str(span.span_id))
        self.assertEqual(headers["traceparent"][3:35], f"{span.trace_id:032x}")
        found = HTTPPropagator.extract(headers)
        self.assertEqual((found.trace_id, found.span_id), (span.trace_id, span.span_id))
        self.assertEqual(found.sampling_priority, span.context.sampling_priority)
        self.assertIsNotNone(found.sampling_priority)
        self.assertEqual(found.get_baggage_item("user.id"), "7")

    def test_headers_are_found_in_every_form(self):
        from ddtrace.propagation.http import HTTPPropagator

        forms = [
            {"X-Datadog-Trace-Id": "5", "X-Datadog-Parent-Id": "6"},
            {"HTTP_X_DATADOG_TRACE_ID": "5", "HTTP_X_DATADOG_PARENT_ID": "6"},
            {b"x-datadog-trace-id": b"5", b"x-datadog-parent-id": b"6"},
        ]
        for headers in forms:
            with self.subTest(headers=headers):
                found = HTTPPropagator.extract(headers)
                self.assertEqual((found.trace_id, found.span_id), (5, 6))

    def test_broken_headers_give_an_empty_context(self):
        from ddtrace.propagation.http import HTTPPropagator

        for headers in ({}, None, {"x-datadog-trace-id": "x"}, {5: 6}, "text"):
            with self.subTest(headers=headers):
                self.assertIsNone(HTTPPropagator.extract(headers).trace_id)


if __name__ == "__main__":
    unittest.main()
