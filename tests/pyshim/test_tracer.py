"""Tracer: what becomes of finished traces, who else sees spans, and where the active one is kept."""

import asyncio
import contextlib
import gc
import http.server
import logging
import os
import subprocess
import sys
import threading
import unittest
import warnings
import weakref

from ddtrace import DDTraceDeprecationWarning, _native
from ddtrace._trace.processor import SpanProcessor
from ddtrace._trace.provider import DefaultContextProvider
from ddtrace.trace import BaseContextProvider, Context, Span, TraceFilter, Tracer, tracer


class Writer:
    def __init__(self):
        self.traces = []
        self.flushed = 0

    def write(self, spans):
        self.traces.append(spans)

    def flush_queue(self):
        self.flushed += 1


@contextlib.contextmanager
def written():
    aggregator = tracer._span_aggregator
    before, writer = aggregator.writer, Writer()
    aggregator.writer = writer
    try:
        yield writer
    finally:
        aggregator.writer = before


class Writers(unittest.TestCase):
    def test_one_of_the_application_gets_its_own_objects(self):
        with written() as writer:
            with tracer.trace("root") as root, tracer.trace("child") as child:
                pass
            tracer.flush()
        self.assertEqual(writer.traces, [[root, child]])
        self.assertEqual(root.get_metric("_sampling_priority_v1"), 1)
        self.assertEqual(root.get_tag("language"), "python")
        self.assertEqual(root.get_tags()["runtime-id"], _native.facts()[3])
        self.assertEqual(int(root.get_tags()["_dd.p.tid"], 16), root.trace_id >> 64)
        self.assertEqual(root.get_metrics()["process_id"], os.getpid())
        self.assertEqual(writer.flushed, 1)
        self.assertIsNone(tracer._span_aggregator.writer.__dict__.get("traces"))

    def test_a_tag_of_the_tracer_is_there_once(self):
        with written() as writer:
            with tracer.trace("root") as root:
                root.set_tag("_dd.top_level", "mine")
            tracer.flush()
        self.assertEqual(writer.traces, [[root]])
        self.assertIsNone(root.get_tag("_dd.top_level"))
        self.assertEqual(root.get_metric("_dd.top_level"), 1)

    def test_tags_of_the_trace_are_there_once(self):
        with written() as writer:
            with tracer.trace("root") as root:
                root.set_tag("process_id", 1.5)  # is the local root all the same
                root.set_tag("_dd.origin", "mine")
                root.context._meta["language"] = "other"
                root.context.dd_origin = "theirs"
            tracer.flush()
        self.assertEqual(writer.traces, [[root]])
        self.assertEqual((root.get_tag("_dd.origin"), root.get_tag("language"), root.get_metric("process_id")),
                         ("theirs", "python", 1.5))

    def test_who_named_the_service(self):
        found = []
        for service, api, component in ((None, "otel", None), (None, "otel", "redis"), ("", "datadog", None),
                                        ("x", "otel", None)):
            span = tracer.start_span("a", service=service, span_api=api)
            if component:
                span.set_tag("component", component)
            span.finish()
            found.append((span.get_tag("_dd.svc_src"), span.get_tag("_dd.base_service") is not None))
        self.assertEqual(found, [("otel", False), ("redis", False), (None, False), ("m", True)])

    def test_subclass_and_items_of_a_span_nobody_holds_are_kept_for_it(self):
        with written() as writer:
            span = tracer.trace("x")
            span._set_ctx_item("a", 1)
            del span
            tracer.current_span().finish()
        [[span]] = writer.traces
        self.assertEqual(span._get_ctx_item("a"), 1)

    def test_a_failing_writer_is_survived(self):
        class Broken:
            def write(self, spans):
                raise RuntimeError

        with written():
            tracer._span_aggregator.writer = Broken()
            with tracer.trace("x"):
                pass

    def test_nothing_is_kept_afterwards(self):
        with written() as writer:
            span = tracer.trace("x")
            gone = weakref.ref(span)
            span.finish()
            writer.traces.clear()
            del span
        gc.collect()
        self.assertIsNone(gone())

    def test_requests_belong_to_the_session_of_a_test_agent(self):
        tokens = []

        class Agent(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                self.rfile.read(int(self.headers.get("content-length") or 0))
                if "traces" in self.path:
                    tokens.append(self.headers["X-Datadog-Test-Session-Token"])
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = do_PUT

            def log_message(self, *args):
                pass

        program = ("from ddtrace.trace import tracer\n"
                   "for token in ('one', 'two', None):\n"
                   "    tracer._span_aggregator.writer.set_test_session_token(token)\n"
                   "    tracer.trace('x').finish()\n"
                   "    tracer.flush()\n")
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent) as agent:
            threading.Thread(target=agent.serve_forever, args=(0.01,), daemon=True).start()
            url = f"http://127.0.0.1:{agent.server_address[1]}"
            subprocess.run([sys.executable, "-c", program], check=True,
                           env=os.environ | {"DD_TRACE_AGENT_URL": url})
            agent.shutdown()
        self.assertEqual(tokens, ["one", "two", None])

    def test_the_address_is_that_of_the_writer(self):
        self.assertTrue(tracer.agent_trace_url.startswith(("http://", "unix://")))
        with written():
            self.assertIsNone(tracer.agent_trace_url)


class Filters(unittest.TestCase):
    def filtered(self, *functions):
        class Filter(TraceFilter):
            def __init__(self, function):
                self.function = function

            def process_trace(self, trace):
                return self.function(trace)

        tracer.configure(trace_processors=[Filter(function) for function in functions])
        self.addCleanup(tracer.configure, trace_processors=[])

    def test_they_see_and_change_what_is_sent(self):
        self.filtered(lambda trace: [s.set_tag("seen", "1") or s for s in trace if s.name != "no"])
        with written() as writer:
            with tracer.trace("root") as root:
                tracer.trace("no").finish()
        self.assertEqual(writer.traces, [[root]])
        self.assertEqual(root.get_tag("seen"), "1")

    def test_what_they_drop_is_counted(self):
        self.filtered(lambda trace: None, lambda trace: self.fail("not asked"))
        before = _native.counts()["dropped"]
        with written() as writer:
            with tracer.trace("a"), tracer.trace("b"):
                pass
        self.assertEqual((writer.traces, _native.counts()["dropped"] - before), ([], 2))

    def test_one_that_raises_is_skipped(self):
        self.filtered(lambda trace: 1 / 0, lambda trace: trace[:1])
        with written() as writer:
            with tracer.trace("a"), tracer.trace("b"):
                pass
        self.assertEqual([[s.name for s in trace] for trace in writer.traces], [["a"]])

    def test_it_is_abstract(self):
        self.assertRaises(TypeError, TraceFilter)

    def test_spans_that_one_makes_are_sent_and_let_go(self):
        class Adds(TraceFilter):
            def process_trace(self, trace):
                made = Span("made", trace_id=trace[0].trace_id, parent_id=trace[0].span_id)
                self.gone = weakref.ref(made)
                made.finish()
                return [*trace, made]

        adds = Adds()
        tracer.configure(trace_processors=[adds])
        try:
            with written() as writer, tracer.trace("root") as root:
                pass
        finally:
            tracer.configure(trace_processors=[])
        [[first, made]] = writer.traces
        self.assertIs(first, root)
        self.assertEqual((made.name, made.trace_id), ("made", root.trace_id))
        del made
        writer.traces.clear()
        gc.collect()
        self.assertIsNone(adds.gone())

    def test_a_filter_may_open_spans(self):
        def process(trace):
            if trace[0].name != "inner":
                with tracer.start_span("inner"):
                    pass
            return trace

        self.filtered(process)
        with written() as writer:
            tracer.trace("outer").finish()
        self.assertEqual([t[0].name for t in writer.traces], ["inner", "outer"])


class Listeners(unittest.TestCase):
    def test_processors_hear_of_each_span(self):
        seen = []

        class Processor(SpanProcessor):
            def on_span_start(self, span):
                seen.append(("start", span, span.finished))

            def on_span_finish(self, span):
                seen.append(("finish", span, span.finished))
                span.set_tag("late", "1")

        processor = Processor()
        processor.register()
        try:
            with written() as writer:
                with tracer.trace("x") as span:
                    pass
        finally:
            processor.unregister()
        self.assertEqual(seen, [("start", span, False), ("finish", span, True)])
        self.assertEqual(writer.traces[0][0].get_tag("late"), "1")
        with self.assertLogs("ddtrace._trace.processor", "WARNING"):
            processor.unregister()
        tracer.trace("y").finish()
        self.assertEqual(len(seen), 2)

    def test_events_tell_the_same(self):
        from ddtrace.internal import core
        from ddtrace.internal.core import event_hub

        seen = []
        core.on("trace.span_start", lambda span: seen.append(("start", span)))
        core.on("trace.span_finish", lambda span: seen.append(("finish", span)))
        try:
            with tracer.trace("x") as span:
                pass
        finally:
            event_hub.reset("trace.span_start")
            event_hub.reset("trace.span_finish")
        self.assertEqual(seen, [("start", span), ("finish", span)])


class Providers(unittest.TestCase):
    def provide(self, provider):
        before = tracer.context_provider
        tracer.configure(context_provider=provider)
        self.addCleanup(setattr, tracer, "context_provider", before)
        return provider

    def test_the_base_is_abstract(self):
        self.assertRaises(TypeError, BaseContextProvider)
        bare = type("Bare", (BaseContextProvider,), {})()
        self.assertRaises(NotImplementedError, bare.active)
        self.assertRaises(NotImplementedError, bare._has_active_context)
        bare.anything = 1

    def test_one_of_the_application_keeps_what_is_active(self):
        class Stack(BaseContextProvider):
            value = None

            def _has_active_context(self):
                return self.value is not None

            def activate(self, ctx):
                self.value = ctx

            def active(self):
                if isinstance(self.value, Span) and self.value.finished:
                    self.value = self.value._parent
                return self.value

        provider = self.provide(Stack())
        with tracer.trace("a") as a:
            with tracer.trace("b") as b:
                self.assertIs(provider.value, b)
                self.assertIs(provider(), b)
            self.assertIs(tracer.current_span(), a)
        self.assertIsNone(tracer.current_span())

    def test_overrides_of_the_default_one_are_honoured(self):
        seen = []

        class Mine(DefaultContextProvider):
            def activate(self, ctx):
                seen.append(ctx)
                super().activate(ctx)

            def _update_active(self, span):
                seen.append("update")
                return super()._update_active(span)

        self.provide(Mine())
        with tracer.trace("a") as a:
            self.assertIs(tracer.current_span(), a)
        self.assertIsNone(tracer.current_span())
        self.assertIn("update", seen)
        self.assertEqual([s for s in seen if s != "update"][0], a)

    def test_the_default_one_looks_through_finished_spans(self):
        provider = DefaultContextProvider()
        a = tracer.trace("a")
        b = tracer.trace("b")
        a.finish()
        self.assertIs(provider.active(), b)
        b.finish()
        self.assertIsNone(provider.active())
        self.assertFalse(provider._has_active_context())


class Activation(unittest.TestCase):
    def test_the_context_above_a_span_is_known(self):
        context = Context(1, 2)
        with tracer.start_span("a", child_of=context) as a, tracer.start_span("b", child_of=a) as b:
            self.assertIs(a._parent_context, context)
            self.assertIs(b._parent_context, a.context)

    def test_a_context_is_active_again_after_spans_under_it(self):
        context = Context(1, 2)
        with tracer._activate_context(context):
            with tracer.trace("x") as span:
                self.assertEqual((span.trace_id, span.parent_id), (1, 2))
            self.assertIs(tracer.current_trace_context(), context)
            self.assertIsNone(tracer.current_span())
        self.assertIsNone(tracer.current_trace_context())

    def test_threads_start_with_nothing(self):
        seen = []
        with tracer.trace("x"):
            thread = threading.Thread(target=lambda: seen.append(tracer.current_span()))
            thread.start()
            thread.join()
        self.assertEqual(seen, [None])

    def test_tasks_inherit_and_do_not_disturb(self):
        async def work(name):
            with tracer.trace(name) as span:
                await asyncio.sleep(0)
                self.assertIs(tracer.current_span(), span)
                return span._parent

        async def main():
            with tracer.trace("root") as root:
                parents = await asyncio.gather(*(work(str(i)) for i in range(20)))
                self.assertIs(tracer.current_span(), root)
                return parents, root

        parents, root = asyncio.run(main())
        self.assertEqual(parents, [root] * 20)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_a_child_process_continues_the_trace(self):
        read, write = os.pipe()
        with warnings.catch_warnings(), tracer.trace("parent") as parent:
            warnings.simplefilter("ignore")
            pid = os.fork()
            if pid == 0:
                with tracer.trace("child") as span:
                    text = f"{span.trace_id} {span.parent_id} {span._parent is None}"
                os.write(write, text.encode())
                os._exit(0)
            os.waitpid(pid, 0)
        self.assertEqual(os.read(read, 200).decode(), f"{parent.trace_id} {parent.span_id} True")


class NativeOne(unittest.TestCase):
    def test_it_says_what_it_was_made_with(self):
        writer = tracer._span_aggregator.writer
        self.assertEqual(
            (writer._api_version, writer.interval, writer._buffer_size, writer._sync_mode),
            ("v0.5", 1.0, 20 << 20, False),
        )
        self.assertEqual((tracer._pid, tracer._agent_url), (os.getpid(), writer.intake_url))


class Renewed(unittest.TestCase):
    def test_configure_lets_a_writer_of_the_application_make_another(self):
        class Renews(Writer):
            def recreate(self, appsec_enabled=None, llmobs_enabled=None):
                other = type(self)()
                other.before = self
                return other

        aggregator = tracer._span_aggregator
        self.addCleanup(setattr, aggregator, "writer", aggregator.writer)
        first = aggregator.writer = Renews()
        tracer.configure(trace_processors=[])
        self.assertIs(aggregator.writer.before, first)
        with tracer.trace("after"):
            pass
        self.assertEqual((len(first.traces), len(aggregator.writer.traces)), (0, 1))


class Forks(unittest.TestCase):
    def test_a_trace_is_decided_about_before(self):
        with tracer.trace("before.fork") as span:
            self.assertIsNone(span.context.sampling_priority)
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
            self.assertEqual(span.context.sampling_priority, 1)


class CommonTags(unittest.TestCase):
    def test_they_give_way_to_the_environment_of_the_process(self):
        before = tracer._tags
        self.addCleanup(setattr, tracer, "_tags", before)
        tracer.set_tags({"env": "mine", "team": "x"})
        env = _native.facts()[1]
        with tracer.trace("tagged") as span:
            self.assertEqual((span.get_tag("env"), span.get_tag("team")), (env or "mine", "x"))


class Fields(unittest.TestCase):
    def test_what_is_no_text_is_none(self):
        with tracer.trace("n", service=5, resource=b"\xff", span_type="\udc80") as span:
            self.assertEqual((span.service, span.resource, span.span_type), (None, "", None))


class Rest(unittest.TestCase):
    def test_a_second_tracer_is_complained_of(self):
        with self.assertLogs("ddtrace._trace.tracer", logging.ERROR):
            Tracer()
        with self.assertNoLogs("ddtrace._trace.tracer", logging.ERROR):
            type("Mine", (Tracer,), {})()

    def test_sampling_may_be_asked_for(self):
        with tracer.trace("x") as span:
            self.assertIsNone(span.context.sampling_priority)
            tracer.sample(span)
            self.assertEqual(span.context.sampling_priority, 1)

    def test_who_calls_wrapped_functions_may_be_replaced(self):
        def execute(given, function, args, kwargs, name, service, resource, span_type):
            return given is tracer, function(*args, **kwargs), name, service

        add = tracer.wrap("add", service="s")(lambda a, b: a + b)
        tracer._wrap_executor = execute
        self.addCleanup(setattr, tracer, "_wrap_executor", None)
        self.assertEqual(add(1, b=2), (True, 3, "add", "s"))

    def test_wrapped_functions_tell_where_they_are(self):
        @tracer.wrap("outer")
        def outer():
            inner()

        @tracer.wrap("inner")
        def inner():
            pass

        with written() as writer:
            outer()
        tags = [span.get_tags() for span in writer.traces[0]]
        self.assertEqual(tags[0]["_dd.code_origin.frames.0.file"], __file__)
        self.assertTrue(tags[0]["_dd.code_origin.frames.0.method"].endswith("outer"))
        self.assertNotIn("_dd.code_origin.type", tags[1])  # the first entry counts

    def test_methods_have_a_name_that_will_change(self):
        with self.assertWarnsRegex(DDTraceDeprecationWarning, "Thing.method"):
            class Thing:
                @tracer.wrap()
                def method(self):
                    return tracer.current_span().name

        self.assertEqual(Thing().method(), "__main__.method")

    def test_old_properties_warn(self):
        with self.assertWarns(DDTraceDeprecationWarning):
            self.assertIsNone(tracer.data_streams_processor)

    def test_common_tags_are_remembered(self):
        tracer.set_tags({"common": "1"})
        self.assertEqual(tracer._tags["common"], "1")
        with tracer.trace("x") as span:
            self.assertEqual(span.get_tag("common"), "1")

    def test_partial_flush_can_be_set(self):
        aggregator = tracer._span_aggregator
        before = aggregator.partial_flush_min_spans
        aggregator.partial_flush_min_spans = 2
        self.addCleanup(setattr, aggregator, "partial_flush_min_spans", before)
        with written() as writer:
            with tracer.trace("root"):
                for i in range(3):
                    tracer.trace(str(i)).finish()
        self.assertEqual([[s.name for s in t] for t in writer.traces], [["0", "1"], ["root", "2"]])
        self.assertEqual(writer.traces[0][0].get_metric("_dd.py.partial_flush"), 2)


class Shutdown(unittest.TestCase):
    def test_later_spans_are_made_and_complained_of(self):
        code = """if True:
            import logging
            from ddtrace.trace import tracer
            active = tracer.trace("open")
            tracer.shutdown()
            assert tracer.current_span() is None
            logging.basicConfig(format="%(message).40s")
            with tracer.trace("late") as span:
                assert tracer.current_span() is span
            print(tracer.enabled)
            tracer.shutdown()
        """
        import subprocess

        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              env=os.environ | {"DD_TRACE_AGENT_URL": "http://127.0.0.1:1"})
        self.assertEqual(done.stdout, "False\n", done.stderr)
        self.assertTrue(done.stderr.startswith("Spans started after the tracer has been"), done.stderr)


if __name__ == "__main__":
    unittest.main()
