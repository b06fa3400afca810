"""The client of metrics, and the metrics of the interpreter."""

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest

from ddtrace.vendor.dogstatsd import DogStatsd


class Agent:
    """Hears what is sent to it, by UDP or by a Unix socket."""

    def __init__(self, path=None):
        family = socket.AF_INET if path is None else socket.AF_UNIX
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0) if path is None else path)
        self.port = None if path is not None else self.socket.getsockname()[1]

    def packets(self, count):
        self.socket.settimeout(10)
        return [self.socket.recv(65536).decode() for _ in range(count)]

    def silent(self):
        self.socket.settimeout(0.05)
        with contextlib.suppress(socket.timeout):
            return self.socket.recv(65536)
        return True


class Case(unittest.TestCase):
    def setUp(self):
        for name in ("DD_SERVICE", "DD_ENV", "DD_VERSION", "DD_ENTITY_ID", "DATADOG_TAGS"):
            os.environ.pop(name, None)
        os.environ["DD_ORIGIN_DETECTION_ENABLED"] = "false"
        self.agent = Agent()
        self.addCleanup(self.agent.socket.close)

    def client(self, **settings):
        settings = {"disable_telemetry": True, **settings}
        made = DogStatsd("127.0.0.1", self.agent.port, **settings)
        self.addCleanup(made.close_socket)
        return made

    def sent(self, work, **settings):
        work(self.client(**settings))
        return self.agent.packets(1)[0]


class Lines(Case):
    def test_metrics(self):
        cases = [
            (lambda c: c.gauge("a.b", 1), "a.b:1|g\n"),
            (lambda c: c.increment("i"), "i:1|c\n"),
            (lambda c: c.increment("i", 3, ["t"]), "i:3|c|#t\n"),
            (lambda c: c.decrement("i", 2), "i:-2|c\n"),
            (lambda c: c.histogram("h", 2), "h:2|h\n"),
            (lambda c: c.distribution("d", 2.25), "d:2.25|d\n"),
            (lambda c: c.timing("t", 3), "t:3|ms\n"),
            (lambda c: c.set("s", "v"), "s:v|s\n"),
            (
                lambda c: c.gauge("a", 1, tags=["x:1", "y|z", "b@d", "c,d", "e f"]),
                "a:1|g|#x:1,y_z,b_d,c_d,e_f\n",
            ),
        ]
        for work, expected in cases:
            with self.subTest(expected):
                self.assertEqual(self.sent(work), expected)

    def test_all_tags_of_metrics_are_cleaned_and_none_of_events_and_checks(self):
        tags = {"constant_tags": ["c d"]}
        self.assertEqual(self.sent(lambda c: c.gauge("a", 1, ["e f"]), **tags), "a:1|g|#e_f,c_d\n")
        self.assertEqual(self.sent(lambda c: c.event("a", "b", tags=["e f"]), **tags), "_e{1,1}:a|b|#e f,c d\n")
        self.assertEqual(self.sent(lambda c: c.service_check("a", 0, ["e f"]), **tags), "_sc|a|0|#e f,c d\n")
        self.assertEqual(self.sent(lambda c: c.gauge("a", 1, [""]), **tags), "a:1|g|#,c_d\n")

    def test_constant_tags_may_be_changed_in_place(self):
        client = self.client(constant_tags=["a"])
        for tags in (["b c"], ["b d"], []):
            client.constant_tags[:] = [tag + "" for tag in tags]
            client.gauge("a", 1)
        self.assertEqual(self.agent.packets(3), ["a:1|g|#b_c\n", "a:1|g|#b_d\n", "a:1|g\n"])

    def test_tags_that_are_no_text_are_an_error_of_the_caller(self):
        client = self.client(constant_tags=["c"])
        for tags in ([1], [None], ("a",), "a", 7):
            for work in (client.gauge, client.service_check):
                with self.subTest(tags), self.assertRaises(TypeError):
                    work("a", 1, tags)
        client.constant_tags = []
        for tags in (("a",), {"a": 1}, "a"):
            client.gauge("a", 1, tags)
        self.assertEqual(self.agent.packets(3), ["a:1|g|#a\n"] * 3)

    def test_a_container_that_is_given_is_told(self):
        for settings in ({}, {"origin_detection_enabled": False}):
            sent = self.sent(lambda c: c.gauge("a", 1), container_id="id", **settings)
            self.assertEqual(sent, "a:1|g|c:id\n")
        os.environ["DD_ENTITY_ID"] = "e"
        self.addCleanup(os.environ.pop, "DD_ENTITY_ID")
        self.assertEqual(
            self.sent(lambda c: c.gauge("a", 1), container_id="id"), "a:1|g|#dd.internal.entity_id:e\n"
        )

    def test_names_and_constant_tags(self):
        os.environ.update(DD_ENV="e", DD_ENTITY_ID="id", DATADOG_TAGS="q:1,w")
        self.addCleanup(os.environ.pop, "DD_ENV")
        self.addCleanup(os.environ.pop, "DD_ENTITY_ID")
        self.addCleanup(os.environ.pop, "DATADOG_TAGS")
        self.assertEqual(
            self.sent(lambda c: c.gauge("a", 1, ["d"]), namespace="ns", constant_tags=["c:1"]),
            "ns.a:1|g|#d,c:1,q:1,w,dd.internal.entity_id:id,env:e\n",
        )

    def test_events_and_checks(self):
        self.assertEqual(
            self.sent(
                lambda c: c.event(
                    "ti", "te\nxt", "error", "k", "src", 12345, "low", ["a"], "h"
                )
            ),
            "_e{2,6}:ti|te\\nxt|d:12345|h:h|k:k|p:low|s:src|t:error|#a\n",
        )
        self.assertEqual(self.sent(lambda c: c.event("é", "ü")), "_e{2,2}:é|ü\n")
        self.assertEqual(
            self.sent(lambda c: c.service_check("n", c.WARNING, ["a:b"], 5, "h", "m\nx m: y")),
            "_sc|n|1|d:5|h:h|#a:b|m:m\\nx m\\: y\n",
        )
        with self.assertRaises(ValueError):
            self.client().event("t", "x" * 9000)

    def test_what_is_not_sent(self):
        self.client().gauge("a", None)
        self.client(default_sample_rate=0).gauge("a", 1)
        os.environ["DD_DOGSTATSD_DISABLE"] = "true"
        self.addCleanup(os.environ.pop, "DD_DOGSTATSD_DISABLE")
        self.client().gauge("a", 1)
        self.assertIs(self.agent.silent(), True)
        self.assertEqual(self.sent(lambda c: c.service_check("a", 0)), "_sc|a|0\n")

    def test_sampled_values_say_so(self):
        client = self.client()
        for _ in range(100):
            client.gauge("a", 1, sample_rate=0.9)
        self.assertEqual(self.agent.packets(1), ["a:1|g|@0.9\n"])


class Buffers(Case):
    def test_lines_travel_together(self):
        with self.client() as client:
            client.gauge("a", 1)
            client.gauge("b", 2)
        self.assertEqual(self.agent.packets(1), ["a:1|g\nb:2|g\n"])

    def test_a_packet_has_its_size(self):
        with self.client(max_buffer_len=12) as client:
            for name in "abcd":
                client.gauge(name, 1)
        self.assertEqual(self.agent.packets(2), ["a:1|g\nb:1|g\n", "c:1|g\nd:1|g\n"])

    def test_a_thread_sends_what_waits(self):
        client = self.client(disable_buffering=False, flush_interval=0.01)
        client.gauge("a", 1)
        self.assertEqual(self.agent.packets(1), ["a:1|g\n"])
        client.disable_buffering = True

    def test_a_background_sender(self):
        client = self.client(disable_background_sender=False)
        client.gauge("a", 1)
        client.wait_for_pending()
        client.disable_background_sender()
        client.gauge("b", 1)
        self.assertEqual(self.agent.packets(2), ["a:1|g\n", "b:1|g\n"])


class Measuring(Case):
    def names(self, count):
        return [re.sub(r":[0-9.e-]+\|", "|", packet) for packet in self.agent.packets(count)]

    def test_blocks_functions_and_coroutines(self):
        client = self.client()
        with client.timed("block"):
            pass

        @client.timed("function", tags=["q"], use_ms=True)
        def function():
            return 3

        @client.distributed("coroutine")
        async def coroutine():
            return 4

        self.assertEqual((function(), asyncio.run(coroutine())), (3, 4))
        self.assertEqual(self.names(3), ["block|ms\n", "function|ms|#q\n", "coroutine|d\n"])

    def test_what_has_no_name_is_called_after_the_function(self):
        @self.client().timed()
        def function():
            raise ValueError

        self.assertRaises(ValueError, function)
        self.assertEqual(
            self.names(1), [f"{__name__}.function|ms\n"]
        )


class Ways(Case):
    def test_unix_sockets(self):
        with tempfile.TemporaryDirectory() as folder:
            agent = Agent(os.path.join(folder, "s"))
            client = DogStatsd(socket_path=os.path.join(folder, "s"), disable_telemetry=True)
            client.gauge("u", 1)
            self.assertEqual(agent.packets(1), ["u:1|g\n"])
            client.close_socket()
            agent.socket.close()

    def test_an_agent_that_is_not_there_is_no_error(self):
        self.agent.socket.close()
        client = self.client()
        for _ in range(3):
            client.gauge("a", 1)

    def test_urls(self):
        from ddtrace.internal.dogstatsd import get_dogstatsd_client

        for url, expected in (
            ("udp://h:99", ("h", 99, None)),
            ("h:99", ("h", 99, None)),
            ("udp://h", ("h", 8125, None)),
            ("unix:///tmp/x", (None, None, "/tmp/x")),
            ("/tmp/x", (None, None, "/tmp/x")),
        ):
            client = get_dogstatsd_client(url)
            self.assertEqual((client.host, client.port, client.socket_path), expected)
        self.assertRaises(ValueError, get_dogstatsd_client, "ftp://x")

    def test_the_client_counts_what_it_does(self):
        client = self.client(disable_telemetry=False, telemetry_min_flush_interval=0)
        client.gauge("a", 1)
        metric, counts = self.agent.packets(2)
        self.assertEqual(metric, "a:1|g\n")
        tags = "client:py,client_version:0.47.0,client_transport:udp"
        self.assertIn(f"datadog.dogstatsd.client.metrics:1|c|#{tags}\n", counts)
        self.assertIn(f"datadog.dogstatsd.client.bytes_sent:6|c|#{tags}\n", counts)


NAMES = """
gc.count.gen0 gc.count.gen1 gc.count.gen2 gc.collections.gen0 gc.collections.gen1
gc.collections.gen2 gc.pause.time gc.pause.max cpu.time.sys cpu.time.user thread_count mem.rss
cpu.percent cpu.ctx_switch.voluntary cpu.ctx_switch.involuntary
""".split()


class Runtime(Case):
    def program(self, code, **environment):
        return subprocess.run(
            [sys.executable, "-I", "-c", code],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        )

    def lines(self):
        out = []
        while len(out) < len(NAMES):
            out += self.agent.packets(1)[0].splitlines()
        return out

    def test_switched_on_and_off(self):
        code = f"""
from ddtrace.runtime import RuntimeMetrics
RuntimeMetrics.enable(dogstatsd_url="udp://127.0.0.1:{self.agent.port}")
RuntimeMetrics.enable()
print(RuntimeMetrics._enabled)
RuntimeMetrics.disable()
RuntimeMetrics.disable()
print(RuntimeMetrics._enabled)
"""
        self.assertEqual(self.program(code, DD_SERVICE="svc").stdout, "True\nFalse\n")
        lines = self.lines()
        self.assertEqual([line.split(":")[0] for line in lines], [f"runtime.python.{n}" for n in NAMES])
        version = ".".join(map(str, sys.version_info[:3]))
        self.assertIn(
            "|d|#service:svc,lang:python,lang_interpreter:CPython,"
            f"lang_version:{version},tracer_version:4.16.0,entrypoint.",
            lines[0],
        )

    def test_tags_of_the_program_are_told(self):
        code = f"""
from ddtrace.runtime import RuntimeMetrics
from ddtrace.trace import tracer
RuntimeMetrics.enable(dogstatsd_url="udp://127.0.0.1:{self.agent.port}")
tracer.set_tags({{"team": "a"}})
RuntimeMetrics.disable()
"""
        self.program(code, DD_SERVICE="svc", DD_TAGS="b:c")
        self.assertIn("#service:svc,b:c,team:a,lang:python,", self.lines()[0])

    def test_switched_on_by_the_environment(self):
        shown = self.program(
            "print('app')",
            DD_RUNTIME_METRICS_ENABLED="true",
            DD_DOGSTATSD_URL=f"udp://127.0.0.1:{self.agent.port}",
        )
        self.assertEqual((shown.stdout, shown.stderr, shown.returncode), ("app\n", "", 0))
        self.assertEqual(len(self.lines()), len(NAMES))

    def test_forked_children_send_too(self):
        url = f"udp://127.0.0.1:{self.agent.port}"
        code = "import os, sys\nif os.fork() == 0: sys.exit()\nos.wait()"
        self.program(code, DD_RUNTIME_METRICS_ENABLED="true", DD_DOGSTATSD_URL=url,
                     DD_TRACE_EXPERIMENTAL_RUNTIME_ID_ENABLED="true")
        lines = self.lines() + self.lines()
        self.assertEqual(len({line.split("runtime-id:")[1].split(",")[0] for line in lines}), 2)

    def test_a_short_program_has_no_more_to_say_than_its_metrics(self):
        with socket.create_server(("127.0.0.1", 0)) as agent:
            self.program("pass", DD_RUNTIME_METRICS_ENABLED="true",
                         DD_DOGSTATSD_URL=f"udp://127.0.0.1:{self.agent.port}",
                         DD_TRACE_AGENT_URL="http://127.0.0.1:%d" % agent.getsockname()[1])
            agent.setblocking(False)
            self.assertRaises(BlockingIOError, agent.accept)
        self.assertEqual(len(self.lines()), len(NAMES))


if __name__ == "__main__":
    unittest.main()
