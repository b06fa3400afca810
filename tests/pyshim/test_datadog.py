"""The client of the package `datadog`: its options, and what it sends to an intake and an agent."""

import contextlib
import http.server
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from ddtrace.datadog import DDClient, DDConfig, DDLogHandler, FlushError
from ddtrace.datadog._config import OPTIONS
from ddtrace.trace import tracer


class Intake(http.server.ThreadingHTTPServer):
    """Takes everything, or answers with another status."""

    def __init__(self):
        intake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                intake.requests.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(intake.status)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"no" if intake.status >= 400 else b"{}")

            def log_message(self, *args):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.status = [], 202
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def __exit__(self, *exc):
        self.shutdown()
        super().__exit__(*exc)

    def entries(self, path):
        found = []
        for target, _, body in self.requests:
            if target == path:
                found += body["series"] if isinstance(body, dict) else body
        return found


@contextlib.contextmanager
def environment(**variables):
    before = dict(os.environ)
    for name in [n for n in os.environ if n.startswith("DD_")]:
        del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def client_of(intake, **options):
    with environment():
        made = DDClient(DDConfig(**{"api_key": "key", "service": "shop", "env": "test", "version": "3",
                                    "logs_url": intake.url, "metrics_url": intake.url,
                                    "datadog_hostname": "here", "logs_flush_period": 60,
                                    **options}))
    try:
        yield made
    finally:
        made.shutdown()


class Options(unittest.TestCase):
    def test_all_have_defaults(self):
        with environment():
            config = DDConfig()
        self.assertEqual((config.agent_url, config.datadog_site, config.metrics_port),
                         ("http://localhost:8126", "datadoghq.com", 8125))
        self.assertTrue(config.tracing_enabled and not config.tracing_patch)
        self.assertFalse(any(config.is_user_set(name) for name in OPTIONS))

    def test_an_argument_is_stronger_than_the_environment_than_defaults_given(self):
        defaults = {"service": "third", "env": "third", "version": "third"}
        with environment(DD_SERVICE="second", DD_ENV="second"):
            config = DDConfig(defaults, service="first")
        self.assertEqual((config.service, config.env, config.version), ("first", "second", "third"))
        self.assertEqual([config.origin(n) for n in ("service", "env", "version", "api_key")],
                         ["argument", "environment", "default_config", "default"])
        self.assertEqual([config.is_user_set(n) for n in ("service", "env", "version")],
                         [True, True, False])

    def test_the_environment_is_read_by_type(self):
        with environment(DD_TRACE_ENABLED="false", DD_DOGSTATSD_PORT="99", DD_TRACE_MODULES="flask, redis",
                         DD_TRACE_SAMPLING_RULES='[{"service": "a", "sample_rate": 0.5}]',
                         DD_CLIENT_FLUSH_PERIOD="2"):
            config = DDConfig()
        self.assertEqual((config.tracing_enabled, config.metrics_port, config.tracing_modules,
                          config.tracing_sampling_rules, config.flush_period),
                         (False, 99, ["flask", "redis"], [("a", None, 0.5)], 2.0))

    def test_an_agent_is_a_host_a_url_or_a_path(self):
        for given, url in {"host": "http://host:8126", "host:7": "http://host:7",
                           "/run/agent": "unix:///run/agent", "unix:///a": "unix:///a",
                           "http://h:1/": "http://h:1"}.items():
            with environment():
                self.assertEqual(DDConfig(agent_url=given).agent_url, url)
        with environment(DD_AGENT_HOST="other", DD_AGENT_PORT="5"):
            self.assertEqual(DDConfig().agent_url, "http://other:5")

    def test_what_is_wrong_is_told_with_its_name(self):
        wrong = [({"service": 5}, TypeError, "'service' must be str, not int"),
                 ({"tracing_enabled": "yes"}, TypeError, "'tracing_enabled' must be bool"),
                 ({"metrics_port": 0}, ValueError, "'metrics_port' cannot be 0"),
                 ({"metrics_port": True}, TypeError, "'metrics_port' must be int"),
                 ({"agent_url": "ftp://x"}, ValueError, "'agent_url' cannot be 'ftp://x'"),
                 ({"datadog_site": "a b"}, ValueError, "'datadog_site'"),
                 ({"tracing_modules": ["nosuch"]}, ValueError, "no integration nosuch"),
                 ({"tracing_sampling_rules": [("a", "b", 2)]}, ValueError, "from 0 to 1"),
                 ({"tracing_sampling_rules": ["a"]}, ValueError, "(service, env, rate)"),
                 ({"flush_period": 0}, ValueError, "'flush_period'"),
                 ({"flush_period": float("nan")}, ValueError, "'flush_period'"),
                 ({"logs_flush_period": float("inf")}, ValueError, "'logs_flush_period'"),
                 ({"tracing_integration_configs": {"nosuch": {}}}, ValueError, "no integration nosuch"),
                 ({"tracing_integration_configs": {"flask": 5}}, ValueError, "flask are no mapping"),
                 ({"tracing_modules": [5]}, ValueError, "no integration 5"),
                 ({"agent_url": "h:0"}, ValueError, "'agent_url'"),
                 ({"agent_url": "h:99999"}, ValueError, "'agent_url'"),
                 ({"default_config": {"nope": 1}}, ValueError, "no option 'nope'"),
                 ({"default_config": {"service": 1}}, TypeError, "'service'"),
                 ({"version": "1", "version_use_git": True}, ValueError, "ambiguous")]
        for options, kind, words in wrong:
            with self.subTest(options), environment(), self.assertRaises(kind) as caught:
                DDConfig(**options)
            self.assertIn(words, str(caught.exception))
        for variable, value in {"DD_DOGSTATSD_PORT": "x", "DD_TRACE_ENABLED": "maybe",
                                "DD_TRACE_SAMPLING_RULES": "{", "DD_CLIENT_BUFFER_SIZE": "1.5",
                                "DD_CLIENT_FLUSH_PERIOD": "nan", "DD_SITE": "a b",
                                "DD_TRACE_AGENT_URL": "ftp://x", "DD_TRACE_MODULES": "nosuch"}.items():
            with environment(**{variable: value}), self.assertRaises(ValueError) as caught:
                DDConfig()
            self.assertIn(variable, str(caught.exception))

    def test_rules_that_are_none_are_told_in_words(self):
        for text in ("[1]", "{}", '["a"]'):
            with environment(DD_TRACE_SAMPLING_RULES=text), self.assertRaises(ValueError) as caught:
                DDConfig()
            self.assertIn("must be a JSON list of rules", str(caught.exception))

    def test_every_option_has_a_type_a_variable_and_an_origin(self):
        """Of each: a value of another type, its variable, an argument, and a default that is given."""
        good = {"agent_url": "http://a:1", "tracing_modules": ["redis"], "datadog_site": "datadoghq.eu",
                "tracing_sampling_rules": [("a", None, 0.5)], "version_use_git": False,
                "tracing_integration_configs": {"flask": {"distributed_tracing_enabled": False}}}
        texts = {"tracing_modules": "redis", "tracing_sampling_rules": '[{"service":"a","sample_rate":0.5}]'}
        plain = {str: "text", bool: True, int: 77, float: 7.5}
        for name, option in OPTIONS.items():
            value = good.get(name, plain.get(option.kind))
            with self.subTest(name):
                for wrong in (object(), 5 if option.kind is str else "five", b"x"):
                    with environment(), self.assertRaises(TypeError) as caught:
                        DDConfig(**{name: wrong})
                    self.assertIn(f"option {name!r} must be {option.kind.__name__}", str(caught.exception))
                with environment():
                    config = DDConfig(**{name: value})
                    self.assertEqual((getattr(config, name), config.origin(name)), (value, "argument"))
                    config = DDConfig({name: value})
                    self.assertEqual((getattr(config, name), config.is_user_set(name)), (value, False))
                    self.assertEqual(config.origin(name), "default_config")
                    config = DDConfig()
                    self.assertEqual(config.origin(name), "default")
                    if name != "agent_url":
                        self.assertEqual(getattr(config, name), option.default)
                if not option.variable:
                    continue
                with environment(**{option.variable: texts.get(name, str(value))}):
                    config = DDConfig()
                self.assertEqual((getattr(config, name), config.origin(name), config.is_user_set(name)),
                                 (value, "environment", True))

    def test_a_host_is_weaker_than_a_url_that_was_given_with_it(self):
        with environment():
            self.assertEqual(DDConfig(agent_hostname="h").agent_url, "http://h:8126")
            self.assertEqual(DDConfig(agent_hostname="h", agent_url="u:1").agent_url, "http://u:1")
        with environment(DD_TRACE_AGENT_URL="http://u:1", DD_AGENT_HOST="h"):
            self.assertEqual(DDConfig().agent_url, "http://u:1")
            self.assertEqual(DDConfig(agent_hostname="n").agent_url, "http://n:8126")

    def test_the_note_names_a_site_that_is_the_default(self):
        self.assertEqual(DDConfig(datadog_site="us1.datadoghq.com").datadog_site, "datadoghq.com")

    def test_a_commit_can_be_the_version(self):
        with tempfile.TemporaryDirectory() as folder:
            git = ["git", "-C", folder, "-c", "user.name=n", "-c", "user.email=e"]
            subprocess.run([*git, "init", "-q"], check=True)
            subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "m"], check=True)
            commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True,
                                    check=True).stdout
            before = os.getcwd()
            os.chdir(folder)
            try:
                with environment():
                    self.assertEqual(DDConfig(version_use_git=True).version, commit[:6])
            finally:
                os.chdir(before)

    def test_the_key_is_not_shown(self):
        self.assertNotIn("secret", repr(DDConfig(api_key="secret")))


class Logs(unittest.TestCase):
    def test_messages_say_where_they_come_from(self):
        with Intake() as intake, client_of(intake) as client:
            client.info("number %d", 5, tags={"a": "b"})
            client.log("WARN", "plain", ["c:d"])
            with client.trace("work") as span:
                client.error("inside")
            self.assertTrue(client.flush_logs())
            first, second, third = intake.entries("/api/v2/logs")
            headers = intake.requests[0][1]
        self.assertEqual({k.lower(): v for k, v in headers.items()}["dd-api-key"], "key")
        self.assertEqual(first, {"message": "__main__: number 5", "hostname": "here",
                                 "service": "shop", "ddsource": "python", "status": "info",
                                 "ddtags": "env:test,version:3,a:b"})
        self.assertEqual((second["status"], second["ddtags"]), ("warn", "env:test,version:3,c:d"))
        self.assertEqual(third["dd.span_id"], str(span.span_id))
        self.assertEqual(third["dd.trace_id"], f"{span.trace_id:032x}")

    def test_an_exception_brings_its_traceback(self):
        with Intake() as intake, client_of(intake) as client:
            try:
                raise KeyError("lost")
            except KeyError:
                client.exception("it failed")
            client.flush_logs()
            [entry] = intake.entries("/api/v2/logs")
        self.assertEqual(entry["status"], "error")
        self.assertIn("KeyError: 'lost'", entry["message"])

    def test_records_of_logging_are_sent_too(self):
        with Intake() as intake, client_of(intake) as client:
            logger = client.getLogger("part")
            self.assertIs(client.getLogger("part"), logger)
            logger.propagate = False
            logger.warning("careful %s", "now")
            other = logging.getLogger("other.part")
            handler = client.LogHandler()
            other.addHandler(handler)
            self.assertIsInstance(handler, DDLogHandler)
            other.error("bad")
            client.flush_logs()
            found = [(e["message"], e["status"]) for e in intake.entries("/api/v2/logs")]
        for each in (logger, other):
            each.handlers.clear()
        self.assertEqual(found, [("part: careful now", "warning"), ("other.part: bad", "error")])

    def test_without_a_key_the_call_says_what_to_do(self):
        with Intake() as intake, client_of(intake, api_key="") as client:
            with self.assertRaisesRegex(ValueError, "DD_API_KEY"):
                client.info("x")
            client.count("fine")

    def test_a_full_batch_is_sent_at_once_and_a_late_one_by_itself(self):
        with Intake() as intake, client_of(intake, buffer_size=10) as client:
            for number in range(25):
                client.info("n%d", number)
            client.flush_logs()
            self.assertEqual([len(body) for _, _, body in intake.requests], [10, 10, 5])
            self.assertEqual([e["message"] for e in intake.entries("/api/v2/logs")],
                             [f"__main__: n{n}" for n in range(25)])
        with Intake() as intake, client_of(intake, logs_flush_period=0.05) as client:
            client.info("by itself")
            client._logs._intake.add("key", {"message": "second"})
            for _ in range(100):
                if intake.requests:
                    break
                threading.Event().wait(0.05)
            self.assertEqual(len(intake.entries("/api/v2/logs")), 2)

    def test_very_long_messages_are_cut(self):
        with Intake() as intake, client_of(intake) as client:
            for letter in ("x", "\u20ac", '"', "\x01"):
                client.info("%s", letter * 3_000_000)
            self.assertTrue(client.flush_logs())
            entries = intake.entries("/api/v2/logs")
        self.assertEqual(len(entries), 4)
        for entry in entries:
            size = len(json.dumps(entry["message"], ensure_ascii=False).encode())
            self.assertTrue(900_000 < size < 1_000_000, size)

    def test_what_cannot_be_put_in_raises_nothing(self):
        with Intake() as intake, client_of(intake) as client:
            client.info("no place", 1)
            client.warning("%d", "x")
            client.error("lone \ud800")
            client.log("info", "with %s", None, "args")
            client.flush_logs()
            messages = [e["message"] for e in intake.entries("/api/v2/logs")]
        self.assertEqual(messages, ["__main__: no place (1,)", "__main__: %d ('x',)",
                                    "__main__: lone ?", "__main__: with args"])

    def test_a_handler_belongs_to_the_client_made_last(self):
        with Intake() as intake, client_of(intake) as client:
            record = logging.LogRecord("part", logging.INFO, "f", 1, "told", (), None)
            handler = DDLogHandler()
            handler.emit(record)
            client.flush_logs()
            self.assertEqual(intake.entries("/api/v2/logs")[0]["message"], "part: told")

    def test_what_is_refused_raises_once(self):
        with Intake() as intake, client_of(intake) as client:
            intake.status = 403
            client.info("x")
            with self.assertRaises(FlushError) as caught:
                client.flush_logs()
            self.assertEqual(caught.exception.status, 403)
            intake.status = 202
            self.assertTrue(client.flush())

    def test_nobody_there_raises_too(self):
        with Intake() as intake, client_of(intake, logs_url="http://127.0.0.1:1") as client:
            client.info("x")
            with self.assertRaises(FlushError) as caught:
                client.flush_logs()
            self.assertEqual(caught.exception.status, 0)


class Metrics(unittest.TestCase):
    def test_with_a_key_they_go_to_the_intake(self):
        with Intake() as intake, client_of(intake) as client:
            client.gauge("level", 1.5, {"a": 1})
            client.count("hits", 3)
            with client.trace("work", service="part"):
                client.gauge("depth", 2)
                client.count()
                with client.measure("took", tags=["x:y"]):
                    pass
            self.assertTrue(client.flush_metrics())
            series = intake.entries("/api/v1/series")
            [points] = intake.entries("/api/v1/distribution_points")
        shown = [(e["metric"], e["type"], e["points"][0][1], e["tags"], e.get("interval"))
                 for e in series]
        common = ["service:part", "env:test", "version:3"]
        self.assertEqual(shown, [("level", "gauge", 1.5, ["a:1"], None), ("hits", "count", 3, [], 1),
                                 ("work.depth", "gauge", 2, common, None),
                                 ("work.count", "count", 1, common, 1)])
        self.assertEqual((points["metric"], points["tags"]), ("took", ["x:y", *common]))
        self.assertGreater(points["points"][0][1][0], 0)

    def test_without_one_they_go_to_the_agent(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
            agent.bind(("127.0.0.1", 0))
            agent.settimeout(5)
            with Intake() as intake, client_of(intake, api_key="", agent_url="127.0.0.1",
                                               metrics_port=agent.getsockname()[1]) as client:
                client.count("hits", 3, {"a": "b"})
                client.gauge("level", 2)
                client.flush_metrics()
                text = b""
                while b"level" not in text:
                    text += agent.recv(8192) + b"\n"
        lines = text.decode().splitlines()
        self.assertTrue(any(line.startswith("hits:3|c|#") and "a:b" in line for line in lines), lines)
        self.assertTrue(any(line.startswith("level:2|g") for line in lines), lines)

    def test_a_count_needs_a_name_or_a_span(self):
        with Intake() as intake, client_of(intake) as client:
            with self.assertRaisesRegex(ValueError, "No metric name possible"):
                client.count()
            with self.assertRaises(TypeError):
                client.gauge("x", "y")
            with self.assertRaises(ValueError):
                client.gauge("", 1)
            for value in (float("nan"), float("inf")):
                with self.assertRaisesRegex(ValueError, "not finite"):
                    client.gauge("x", value)


class Process(unittest.TestCase):
    def test_service_env_and_version_are_those_of_the_process(self):
        from ddtrace import config

        with Intake() as intake, client_of(intake):
            self.assertEqual((config.service, config.env, config.version), ("shop", "test", "3"))
            with tracer.trace("x") as span:
                self.assertEqual((span.service, span.get_tag("env"), span.get_tag("version")),
                                 ("shop", "test", "3"))

    def test_rules_decide_about_traces(self):
        with Intake() as intake, client_of(
                intake, tracing_sampling_rules=[("shop", "test", 0.0), (None, None, 1.0)]):
            with tracer.trace("x") as span:
                tracer.sample(span)
            self.assertEqual(span.context.sampling_priority, -1)
        tracer._sampler.set_sampling_rules("[]")

    def test_rules_of_the_environment_stay_as_they_are(self):
        rules = '[{"name": "only", "sample_rate": 0}]'
        program = ("from datadog import DDClient\nclient = DDClient()\n"
                   "for name in ('only', 'other'):\n"
                   "    with client.trace(name) as span: pass\n"
                   "    print(span.context.sampling_priority)")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                              env=os.environ | {"DD_TRACE_SAMPLING_RULES": rules})
        self.assertEqual(done.stdout, "-1\n1\n", done.stderr)

    def test_tracing_may_be_off_by_a_default_that_is_given(self):
        with Intake() as intake:
            with environment():
                client = DDClient(DDConfig({"tracing_enabled": False}, api_key="k", logs_url=intake.url))
            try:
                self.assertFalse(tracer.enabled)
            finally:
                tracer.enabled = True
                client.shutdown()

    def test_functions_are_traced(self):
        with Intake() as intake, client_of(intake) as client:

            @client.traced("named", resource="r")
            def function(number):
                return client.trace("inner").finish() or number + 1

            self.assertEqual(function(1), 2)
            with self.assertRaises(Exception):
                client.patch(["nosuch"])
            client.patch(["sqlite3"])

    def test_the_profiler_is_missed_with_words(self):
        with Intake() as intake, client_of(intake) as client:
            for call in (client.profiling_start, client.profiling_stop):
                with self.assertRaisesRegex(RuntimeError, "no profiler"):
                    call()
            client.flush_profiles()

    def test_a_forked_child_sends_its_own_only(self):
        with Intake() as intake, client_of(intake) as client:
            client.info("parent")
            child = os.fork()
            if child == 0:
                client.info("child")
                done = client.flush_logs()
                os._exit(0 if done else 1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            client.flush_logs()
            messages = [e["message"] for e in intake.entries("/api/v2/logs")]
        self.assertEqual(messages, ["__main__: child", "__main__: parent"])

    def test_the_end_of_the_process_sends_what_is_waiting(self):
        with Intake() as intake:
            program = ("from datadog import DDClient, DDConfig\n"
                       f"c = DDClient(DDConfig(api_key='k', logs_url={intake.url!r},"
                       f" metrics_url={intake.url!r}))\n"
                       "c.info('last'); c.count('n')")
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            self.assertEqual([e["message"] for e in intake.entries("/api/v2/logs")],
                             ["__main__: last"])
            self.assertEqual(len(intake.entries("/api/v1/series")), 1)

    def test_the_middleware_is_that_of_asgi(self):
        from ddtrace.contrib.asgi import TraceMiddleware

        import datadog

        self.assertIs(datadog.DDASGIMiddleware, TraceMiddleware)
        self.assertIs(datadog.DDClient, DDClient)
        with self.assertRaises(AttributeError):
            datadog.client


class Launcher(unittest.TestCase):
    def test_datadog_run_installs_a_client_of_the_environment(self):
        with tempfile.TemporaryDirectory() as folder:
            launcher = os.path.join(folder, "datadog-run")
            os.symlink(sys.executable, launcher)
            program = ("from datadog import client\nimport datadog, sys\n"
                       "print(client.config.service, client.config.origin('tracing_patch'),\n"
                       "      client is datadog.client)")
            done = subprocess.run([launcher, sys.executable, "-c", program], capture_output=True,
                                  text=True, env=os.environ | {"DD_SERVICE": "launched"})
        self.assertEqual(done.stdout, "launched default_config True\n", done.stderr)


class Another(unittest.TestCase):
    """A package of the same name that is installed, or a folder that is none."""

    def run_in(self, folder, program):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                              env=os.environ | {"PYTHONPATH": folder})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def test_an_installed_one_is_imported_and_ours_is_below_ddtrace(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "datadog"))
            for name, text in {"__init__.py": "kind = 'theirs'", "api.py": "x = 1"}.items():
                with open(os.path.join(folder, "datadog", name), "w") as out:
                    out.write(text)
            said = self.run_in(folder, "import datadog, datadog.api\n"
                                       "from ddtrace.datadog import DDClient\n"
                                       "print(datadog.kind, datadog.api.x, DDClient.__name__,"
                                       " hasattr(datadog, 'DDClient'))")
        self.assertEqual(said, ["theirs", "1", "DDClient", "False"])

    def test_a_folder_without_a_module_is_none(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "datadog"))
            said = self.run_in(folder, "import datadog\nprint(datadog.DDConfig.__name__)")
        self.assertEqual(said, ["DDConfig"])


if __name__ == "__main__":
    unittest.main()
