"""Writers that programs make, or put around the one that is there."""

import contextlib
import io
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "fakes"))

import agent  # noqa: E402
from ddtrace.internal.native._native import AgentError, NetworkError, RequestError  # noqa: E402
from ddtrace.internal.service import ServiceStatus, ServiceStatusError  # noqa: E402
from ddtrace.internal.sma import SimpleMovingAverage  # noqa: E402
from ddtrace.internal.writer import NativeWriter  # noqa: E402
from ddtrace.internal.writer import writer as writers  # noqa: E402
from ddtrace.trace import Span  # noqa: E402

NOWHERE = "http://127.0.0.1:9"


def sent_by(program, *arguments):
    with agent.Agent() as fake:
        env = os.environ | {"DD_TRACE_AGENT_URL": fake.url, "DD_SERVICE": "mine",
                            "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"}
        subprocess.run([sys.executable, "-c", program, *arguments], check=True, env=env)
        return fake.traces(), fake


def names(traces):
    return sorted([span["name"] for span in trace] for trace in traces)


class Own(unittest.TestCase):
    """One with an address of its own."""

    @contextlib.contextmanager
    def writing(self, **options):
        with agent.Agent() as fake:
            writer = NativeWriter(fake.url, **options)
            yield writer, fake
            with contextlib.suppress(ServiceStatusError):
                writer.stop(1)

    def test_sends_what_is_written(self):
        for version in ("v0.4", "v0.5"):
            with self.subTest(version), self.writing(api_version=version) as (writer, fake):
                span = Span("a", service="s", trace_id=5)
                span.set_metric("count", 2)
                span.set_tag("x", "y")
                writer.write([span])
                self.assertEqual((writer.status, len(writer._encoder)), (ServiceStatus.RUNNING, 1))
                writer.flush_queue(raise_exc=True)
                [[got]] = fake.traces()
                self.assertEqual((got["name"], got["service"], got["trace_id"], got["meta"]["x"]), ("a", "s", 5, "y"))
                self.assertEqual(got["metrics"], {"count": 2.0, "_dd.tracer_kr": 1.0})
                self.assertEqual(len(writer._encoder), 0)

    def test_tells_what_the_agent_says(self):
        told = []
        with self.writing(response_callback=told.append) as (writer, fake):
            fake.rates = {"service:,env:": 0.25}
            writer.write([Span("a")])
            writer.flush_queue(raise_exc=True)
        self.assertEqual([answer.rate_by_service for answer in told], [{"service:,env:": 0.25}])

    def test_sends_at_once_when_it_is_to(self):
        with self.writing(sync_mode=True) as (writer, fake):
            writer.write([Span("a")])
            self.assertEqual(names(fake.traces()), [["a"]])
            self.assertIs(writer.status, ServiceStatus.STOPPED)

    def test_sends_by_itself_and_at_its_end(self):
        with self.writing(processing_interval=600) as (writer, fake):
            writer.write([Span("a")])
            writer._worker.awake()
            writer.write([Span("b")])
            writer.stop(5)
            self.assertEqual(names(fake.traces()), [["a"], ["b"]])
            self.assertRaises(ServiceStatusError, writer.stop)

    def test_without_an_agent_the_traces_are_lost_and_counted(self):
        writer = NativeWriter(NOWHERE, processing_interval=600)
        self.addCleanup(writer.stop)
        writer.write([Span("a")])
        self.assertRaises(NetworkError, writer.flush_queue, raise_exc=True)
        self.assertEqual(writer._drop_sma.get(), 1.0)
        span = Span("b")
        writer.write([span])
        self.assertEqual(span.get_metric("_dd.tracer_kr"), 0.0)
        self.assertEqual(writer._metrics["accepted_traces"], 1)

    def test_what_does_not_fit_is_counted(self):
        class Statsd:
            def __init__(self):
                self.told = []

            def distribution(self, name, count, tags=None):
                self.told.append((name, count, tags))

        from ddtrace import config

        statsd, before = Statsd(), config._health_metrics_enabled
        config._health_metrics_enabled = True
        self.addCleanup(setattr, config, "_health_metrics_enabled", before)
        writer = NativeWriter(NOWHERE, buffer_size=200, dogstatsd=statsd, processing_interval=600)
        self.addCleanup(writer.stop)
        writer.write([Span("a")])
        writer.write([Span("b" * 1000)])
        self.assertEqual(statsd.told[:3], [("datadog.tracer.buffer.accepted.traces", 1, None),
                                           ("datadog.tracer.buffer.accepted.spans", 1, None),
                                           ("datadog.tracer.buffer.dropped.traces", 1, ["reason:full"])])

    def test_another_has_the_same_options(self):
        writer = NativeWriter(NOWHERE, processing_interval=3, buffer_size=1000, test_session_token="t")
        other = writer.recreate()
        self.assertEqual((other.intake_url, other.interval, other._buffer_size, other._test_session_token),
                         (NOWHERE, 3, 1000, "t"))
        self.assertEqual((other._api_version, writer.recreate(appsec_enabled=True)._api_version), ("v0.5", "v0.4"))

    def test_sizes_are_positive(self):
        for bad in ({"buffer_size": 0}, {"max_payload_size": -1}):
            with self.subTest(bad):
                self.assertRaises(ValueError, NativeWriter, NOWHERE, **bad)

    def test_an_ended_one_sends_nothing(self):
        writer = NativeWriter(NOWHERE, sync_mode=True)
        writer.on_shutdown()
        writer.on_shutdown()
        writer._encoder.put([Span("a")])
        self.assertRaises(ValueError, writer.flush_queue, raise_exc=True)

    def test_a_forked_child_sends_its_own_only(self):
        program = ("import os\n"
                   "from ddtrace.internal.writer import NativeWriter\n"
                   "from ddtrace.trace import Span\n"
                   "writer = NativeWriter(os.environ['DD_TRACE_AGENT_URL'], processing_interval=600)\n"
                   "writer.write([Span('before')])\n"
                   "child = os.fork()\n"
                   "if child == 0:\n"
                   "    writer.write([Span('child')])\n"
                   "    writer.stop()\n"
                   "    os._exit(0)\n"
                   "os.waitpid(child, 0)\n"
                   "writer.stop()\n")
        self.assertEqual(names(sent_by(program)[0]), [["before"], ["child"]])


class Refusals(unittest.TestCase):
    def exporter(self, *answer):
        from ddtrace import _native
        from ddtrace.internal.native._exporter import TraceExporter

        before = _native.post
        self.addCleanup(setattr, _native, "post", before)
        _native.post = lambda *arguments: answer
        return TraceExporter(NOWHERE, "v0.5/traces", {}, 1.0)

    def test_are_errors_that_say_why(self):
        with self.assertRaisesRegex(RequestError, "404 Not Found, Response: no"):
            self.exporter(404, b"no", "").send(b"")
        self.assertRaises(AgentError, self.exporter(200, b"", "").send, b"")
        self.assertEqual(self.exporter(200, b"OK", "").send(b""), "OK")

    def test_of_a_newer_form_lead_to_the_older_one(self):
        writer = NativeWriter(NOWHERE, sync_mode=True)
        writer._exporter = self.exporter(404, b"", "")
        writer.write([Span("a")])
        self.assertEqual((writer._api_version, writer._endpoint), ("v0.4", "v0.4/traces"))


FORWARDS = """
import sys
from ddtrace.trace import tracer

class Forwards:
    def __init__(self, inner):
        self.inner = inner

    def write(self, spans):
        how = sys.argv[1]
        if how == "later":
            self.kept = spans
        elif how == "some":
            self.inner.write([span for span in spans if span.name != "child"])
        else:
            self.inner.write(spans)

aggregator = tracer._span_aggregator
inner = aggregator.writer
aggregator.writer = Forwards(inner)
with tracer.trace("root") as root:
    root.context.dd_origin = "rum"
    tracer.trace("child").finish()
if sys.argv[1] == "later":
    inner.write(aggregator.writer.kept)
aggregator.writer = inner
tracer.trace("last").finish()
"""


class Around(unittest.TestCase):
    """One that hands spans on to the tracer's own."""

    def test_what_it_hands_on_is_sent(self):
        for how, expected in (("all", [["last"], ["root", "child"]]),
                              ("some", [["last"], ["root"]]),
                              ("later", [["last"], ["root", "child"]])):
            with self.subTest(how):
                traces, _ = sent_by(FORWARDS, how)
                self.assertEqual(names(traces), expected)
                [root] = [trace[0] for trace in traces if trace[0]["name"] == "root"]
                self.assertEqual((root["meta"]["_dd.origin"], root["metrics"]["_sampling_priority_v1"]), ("rum", 1))

    @unittest.skipIf(sys.version_info[:2] == (3, 12), "under 3.12 nothing arrives; why is not known yet")
    def test_is_stopped_at_the_end_of_the_process(self):
        program = ("from ddtrace.trace import tracer\n"
                   "class Waits:\n"
                   "    def __init__(self, inner):\n"
                   "        self.inner, self.waiting = inner, []\n"
                   "    def write(self, spans):\n"
                   "        self.waiting.append(spans)\n"
                   "    def stop(self, timeout=None):\n"
                   "        for spans in self.waiting:\n"
                   "            self.inner.write(spans)\n"
                   "tracer._span_aggregator.writer = Waits(tracer._span_aggregator.writer)\n"
                   "tracer.trace('a').finish()\n")
        self.assertEqual(names(sent_by(program)[0]), [["a"]])

    def test_a_tracer_begins_anew(self):
        program = ("from ddtrace.trace import Tracer, tracer\n"
                   "class Keeps:\n"
                   "    kept = []\n"
                   "    def write(self, spans):\n"
                   "        self.kept.append(spans)\n"
                   "keeps = tracer._span_aggregator.writer = Keeps()\n"
                   "tracer.set_tags({'gone': 'x'})\n"
                   "tracer.trace('kept').finish()\n"
                   "tracer.shutdown()\n"
                   "Tracer._instance = None\n"
                   "Tracer.__init__(tracer)\n"
                   "assert tracer.enabled and tracer._span_aggregator.writer is not keeps\n"
                   "tracer.trace('sent').finish()\n"
                   "assert len(keeps.kept) == 1\n")
        traces, _ = sent_by(program)
        self.assertEqual(names(traces), [["sent"]])
        self.assertNotIn("gone", traces[0][0]["meta"])


SECOND = """
from ddtrace.trace import TraceFilter, Tracer, tracer

class Keeps:
    def __init__(self):
        self.kept = []

    def write(self, spans):
        self.kept.append([span.name for span in spans])

class Own(Tracer):
    def __init__(self):
        super().__init__()
        self._span_aggregator.writer = Keeps()

class Renames(TraceFilter):
    def process_trace(self, trace):
        trace[0].name = "renamed"
        return trace

own, other = Own(), Own()
kept = own._span_aggregator.writer.kept
own.set_tags({"team": "x"})
with own.trace("a") as span:
    own.trace("b").finish()
assert span.get_tag("team") == "x"
with tracer.trace("first") as span, own.trace("inner"):
    pass
assert span.get_tag("team") is None
assert kept == [["a", "b"], ["inner"]], kept
other.configure(trace_processors=[Renames()])
other.trace("c").finish()
assert other._span_aggregator.writer.kept == [["renamed"]]
own.enabled = False
own.trace("gone").finish()
own.enabled = True
assert len(kept) == 2 and tracer.enabled
firsts = tracer._span_aggregator.writer = Keeps()
tracer.trace("kept").finish()
own.trace("d").finish()
assert (firsts.kept, kept[2:]) == ([["kept"]], [["d"]])
own.shutdown()
assert tracer.enabled and not own.enabled
"""


class SecondTracers(unittest.TestCase):
    def test_have_their_own_spans_writers_and_filters(self):
        self.assertEqual(names(sent_by(SECOND)[0]), [["first"]])

    def test_without_a_writer_of_their_own_send_with_the_first(self):
        program = ("from ddtrace.trace import Tracer\n"
                   "class Plain(Tracer):\n"
                   "    pass\n"
                   "Plain().trace('a').finish()\n")
        self.assertEqual(names(sent_by(program)[0]), [["a"]])


class Lines(unittest.TestCase):
    """Of a log."""

    def line_of(self, span):
        out = io.StringIO()
        writers.LogWriter(out=out).write([span])
        [[fields]] = json.loads(out.getvalue())["traces"]
        return fields

    def test_have_what_there_is(self):
        span = Span("a", span_id=7, trace_id=5)
        span.start_ns = 3
        self.assertEqual(self.line_of(span), {
            "trace_id": "0000000000000005", "parent_id": "0000000000000000", "span_id": "0000000000000007",
            "service": None, "resource": "a", "name": "a", "error": 0, "start": 3})

    def test_have_links(self):
        span = Span("a")
        span.set_link(1, 2, attributes={"b": 1})
        self.assertEqual(self.line_of(span)["span_links"], [
            {"trace_id": f"{1:032x}", "span_id": f"{2:016x}", "attributes": {"b": "1"}}])


class Settings(unittest.TestCase):
    def test_name_the_intake_of_a_site(self):
        for site, url in (("datadoghq.eu", "https://public-trace-http-intake.logs.datadoghq.eu/v1/input"),
                          ("us5.datadoghq.com", "https://trace.browser-intake-us5-datadoghq.com/v1/input"),
                          ("ap3.datadoghq.com", "https://browser-intake-ap3-datadoghq.com/v1/input")):
            self.assertEqual(writers.compute_agentless_intake_url(site), url)

    def test_make_a_writer(self):
        writer = writers.create_trace_writer(response_callback=print)
        self.assertIsInstance(writer, NativeWriter)
        self.assertIs(writer._response_cb, print)


class Averages(unittest.TestCase):
    def test_are_of_the_last_ones(self):
        average = SimpleMovingAverage(2)
        self.assertEqual(average.get(), 0.0)
        for count, total, expected in ((1, 2, 0.5), (0, 2, 0.25), (9, 1, 1 / 3)):
            average.set(count, total)
            self.assertEqual(average.get(), expected)


if __name__ == "__main__":
    unittest.main()
