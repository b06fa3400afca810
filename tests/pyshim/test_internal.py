"""Parts of ddtrace.internal that programs reach for."""

import contextlib
import functools
import os
import subprocess
import sys
import threading
import time
import unittest
import warnings


def program(code, **environment):
    shown = subprocess.run(
        [sys.executable, "-I", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert "Traceback" not in shown.stderr, shown.stderr
    return shown.stdout.strip()


class Import(unittest.TestCase):
    def test_the_package_brings_nothing_else(self):
        code = """
import sys
before = set(sys.modules)
import ddtrace
print(sorted(set(sys.modules) - before))
ddtrace.patch(sqlite3=True)
ddtrace.config.flask["service_name"] = "x"
new = set(sys.modules) - before
print(sorted(new & {"typing", "logging", "inspect", "re", "asyncio", "json", "dataclasses",
                   "collections", "functools", "enum"}))
"""
        self.assertEqual(program(code), "['ddtrace', 'ddtrace._contrib', 'ddtrace.version']\n[]")

    def test_names_are_there_without_being_imported(self):
        code = "import ddtrace; print(ddtrace.constants.ENV_KEY, ddtrace.ext.SpanTypes.WEB)"
        self.assertEqual(program(code), "env web")

    def test_what_is_gone_is_gone(self):
        import importlib

        for name in (
            "filters", "tracer", "opentracer", "pin", "settings", "span", "context", "provider",
            "sampler", "monkey", "internal.trace_utils", "contrib.flask", "contrib.sqlite3",
        ):
            with self.assertRaises(ModuleNotFoundError):
                importlib.import_module(f"ddtrace.{name}")
        import ddtrace

        for name in ("Pin", "Span", "Tracer"):
            with self.assertRaises(AttributeError):
                getattr(ddtrace, name)


class Formats(unittest.TestCase):
    def check(self, function, cases):
        for given, expected in cases:
            with self.subTest(given=given):
                self.assertEqual(function(*given), expected)

    def test_bools(self):
        from ddtrace.internal.utils.formats import asbool

        self.check(
            asbool,
            [(("1",), True), (("True",), True), (("yes",), False), ((None,), False),
             ((True,), True), (("",), False), (("TRUE ",), False)],
        )

    def test_tags(self):
        from ddtrace.internal.utils.formats import parse_tags_str

        self.check(
            parse_tags_str,
            [(("a:b,c:d",), {"a": "b", "c": "d"}), (("a:b c:d",), {"a": "b", "c": "d"}),
             (("a:b c,d:e",), {"a": "b c", "d": "e"}), (("a",), {"a": ""}), ((":x",), {}),
             (("a:b:c",), {"a": "b:c"}), ((None,), {}), (("a: b",), {"a": "", "b": ""}),
             (("k1:v1 , k2",), {"k1": "v1", "k2": ""}), (("a:b;c:d", ";"), {"a": "b", "c": "d"})],
        )

    def test_commands(self):
        from ddtrace.internal.utils.formats import stringify_cache_args

        class Unprintable:
            def __str__(self):
                raise ValueError

        self.check(
            stringify_cache_args,
            [((["GET", "x"],), "GET x"), (([b"A", 1, None],), "A 1 None"), (([],), ""),
             ((["é", b"\xff"],), "é \\xff"), ((["X", Unprintable()],), "X ?"),
             ((["GET"] + ["abcdefghij"] * 20, 8, 40), "GET abcdefgh... abcdefgh... abcdefgh... abcd...")],
        )

    def test_ids_and_lists(self):
        from ddtrace.internal.utils.formats import deep_getattr, flatten_key_value, format_trace_id

        self.check(
            format_trace_id, [((3,), "3"), ((2**64,), "0" * 15 + "1" + "0" * 16)]
        )
        self.check(
            flatten_key_value,
            [(("k", [1, [2, "x"]]), {"k.0": 1, "k.1.0": 2, "k.1.1": "x"}), (("k", "v"), {"k": "v"})],
        )
        self.assertEqual(deep_getattr(os, "path.sep"), os.sep)
        self.assertEqual(deep_getattr(os, "path.nope.x", 7), 7)

    def test_versions(self):
        from ddtrace.internal.utils.version import _pep440_to_semver, parse_version

        self.check(
            parse_version,
            [(("1.2.3",), (1, 2, 3)), (("1.2",), (1, 2, 0)), (("1.2.3rc1",), (1, 2, 3)),
             (("1.2.3.4",), (1, 2, 3)), (("v1.2",), (1, 2, 0)), (("abc",), (0, 0, 0)),
             (("2.0.0.dev3+x",), (2, 0, 0))],
        )
        self.check(
            _pep440_to_semver,
            [(("1.2.3rc1",), "1.2.3-rc1"), (("1.2.3.dev4",), "1.2.3-dev4"), ((), "4.16.0")],
        )

    def test_urls_and_headers(self):
        from ddtrace.internal.utils.http import normalize_header_name, strip_query_string, verify_url

        self.check(
            strip_query_string,
            [(("http://a/b?c=1#f",), "http://a/b#f"), (("?x",), ""), (("a#f?q",), "a#f?q")],
        )
        self.check(normalize_header_name, [(("X-Foo ",), "x-foo"), ((None,), None)])
        for url in ("ftp://x", "unix://", "http://"):
            self.assertRaises(ValueError, verify_url, url)
        self.assertEqual(verify_url("unix:///tmp/x").path, "/tmp/x")


class Arguments(unittest.TestCase):
    def test_by_name_or_position(self):
        from ddtrace.internal.utils import ArgumentError, get_argument_value, set_argument_value

        self.assertEqual(get_argument_value((1, 2), {}, 1, "b"), 2)
        self.assertEqual(get_argument_value((1,), {"b": 5}, 1, "b"), 5)
        self.assertIsNone(get_argument_value((1,), {}, 1, "b", True))
        with self.assertRaises(ArgumentError) as caught:
            get_argument_value((1,), {}, 1, "b")
        self.assertEqual(str(caught.exception), "b (at position 1)")
        self.assertEqual(set_argument_value((1, 2), {}, 1, "b", 9), ((1, 9), {}))
        self.assertEqual(set_argument_value((1,), {"b": 5}, 1, "b", 9), ((1,), {"b": 9}))
        self.assertEqual(set_argument_value((1,), {}, 1, "b", 9, True), ((1,), {"b": 9}))
        self.assertRaises(ArgumentError, set_argument_value, (1,), {}, 1, "b", 9)


class Deprecations(unittest.TestCase):
    def test_sentences(self):
        from ddtrace import DDTraceDeprecationWarning
        from ddtrace.internal.utils.deprecations import deprecate

        cases = [
            (("P",), {}, "P"),
            (("P",), {"message": "m"}, "P: m"),
            (("P",), {"removal_version": "9"}, "P and will be removed in version '9'"),
            (
                ("P", "post", "msg", "1.0", "2.0"),
                {},
                "P in version '1.0' and will be removed in version '2.0'post: msg",
            ),
        ]
        for args, kwargs, expected in cases:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                deprecate(*args, **kwargs)
            self.assertEqual(caught[0].category, DDTraceDeprecationWarning)
            self.assertEqual(str(caught[0].message), expected)


class Kept(unittest.TestCase):
    def test_results(self):
        from ddtrace.internal.utils.cache import cached, cachedmethod, callonce

        calls = []

        @cached()
        def double(x):
            calls.append(x)
            return x * 2

        self.assertEqual((double(2), double(2), calls), (4, 4, [2]))

        class Kind:
            @cachedmethod()
            def method(self, x):
                calls.append(x)
                return x

        kind = Kind()
        kind.method(1), kind.method(1), Kind().method(1)
        self.assertEqual(calls, [2, 1, 1])

        @callonce
        def fails():
            calls.append("once")
            raise ValueError("x")

        for _ in range(2):
            self.assertRaises(ValueError, fails)
        self.assertEqual(calls[3:], ["once"])
        self.assertRaises(ValueError, callonce, lambda x: x)


class Clocks(unittest.TestCase):
    def test_measuring(self):
        from ddtrace.internal.utils.time import HourGlass, StopWatch

        watch = StopWatch()
        self.assertRaises(RuntimeError, watch.elapsed)
        self.assertRaises(RuntimeError, watch.stop)
        with watch:
            pass
        self.assertEqual(watch.elapsed(), watch.elapsed())
        glass = HourGlass(60)
        self.assertFalse(glass.trickling())
        glass.turn()
        self.assertTrue(glass.trickling())


class Process(unittest.TestCase):
    def test_identity(self):
        from ddtrace.internal import runtime

        own = runtime.get_runtime_id()
        self.assertRegex(own, "^[0-9a-f]{32}$")
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                told = f"{runtime.get_runtime_id()} {runtime.get_parent_runtime_id()}"
                os.write(write, told.encode())
            os._exit(0)
        os.waitpid(child, 0)
        theirs, parent = os.read(read, 100).decode().split()
        os.close(read), os.close(write)
        self.assertNotEqual(theirs, own)
        self.assertEqual(parent, own)

    def test_hooks_around_forks(self):
        code = """
import os
from ddtrace.internal import forksafe
lock = forksafe.Lock()
lock.acquire()
told = []
forksafe.register_before_fork(lambda: told.append("before"))
forksafe.register_after_parent(lambda: told.append("parent"))
@forksafe.register
def child(): told.append("child")
@forksafe.register
def fails(): raise ValueError
def gone(): told.append("gone")
forksafe.register(gone); forksafe.unregister(gone)
pid = os.fork()
if pid == 0:
    assert lock.acquire(False)
    print(told, forksafe.has_forked(), forksafe.is_fork_child(), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print(told, forksafe.has_forked(), forksafe.is_fork_child(), lock.acquire(False))
"""
        shown = subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True
        ).stdout.splitlines()
        self.assertEqual(
            shown,
            ["['before', 'child'] True True", "['before', 'parent'] True False False"],
        )

    def test_the_end(self):
        code = """
from ddtrace.internal import atexit
atexit.register(print, "bye", "now")
gone = lambda: print("gone")
atexit.register(gone); atexit.unregister(gone)
def fails(): raise ValueError
atexit.register(fails)
"""
        self.assertEqual(program(code), "bye now")

    def test_hostname(self):
        code = "from ddtrace.internal.hostname import get_hostname; print(get_hostname())"
        self.assertEqual(program(code.replace("get_hostname())", "get_hostname() != '')")), "True")


class Services(unittest.TestCase):
    def test_started_and_stopped_once(self):
        from ddtrace.internal.service import Service, ServiceStatus, ServiceStatusError

        class Mine(Service):
            def _start_service(self):
                self.runs = True

            def _stop_service(self):
                self.runs = False

        mine = Mine()
        with mine:
            self.assertTrue(mine.runs)
            self.assertRaises(ServiceStatusError, mine.start)
        self.assertEqual((mine.runs, mine.status), (False, ServiceStatus.STOPPED))
        self.assertRaises(ServiceStatusError, mine.stop)

    def test_again_and_again(self):
        import threading

        from ddtrace.internal.periodic import AwakeablePeriodicService

        done = threading.Event()

        class Mine(AwakeablePeriodicService):
            count = 0
            ended = threading.Event()

            def periodic(self):
                self.count += 1
                if self.count == 3:
                    done.set()

            def on_shutdown(self):
                self.ended.set()

        mine = Mine(interval=0.001)
        mine.start()
        self.assertTrue(done.wait(10))
        mine.interval = 1000
        before = mine.count
        mine.awake()
        self.assertGreater(mine.count, before)
        mine.stop()
        mine.join(10)
        self.assertTrue(mine.ended.is_set())


class Schema(unittest.TestCase):
    def test_both(self):
        code = """
from ddtrace.internal.schema import *
out, into = SpanDirection.OUTBOUND, SpanDirection.INBOUND
print(SCHEMA_VERSION, schematize_service_name("x"), schematize_url_operation("a", "http", into),
      schematize_database_operation("a", "postgresql"), schematize_cache_operation("a", "redis"),
      schematize_messaging_operation("a", "kafka", direction=out),
      schematize_cloud_messaging_operation("a", "aws", "sqs", into),
      schematize_cloud_api_operation("a", "aws", "s3"), schematize_cloud_faas_operation("a", "aws", "lambda"))
"""
        self.assertEqual(program(code), "v0 x a a a a a a a")
        self.assertEqual(
            program(code, DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1", DD_SERVICE="me"),
            "v1 me http.server.request postgresql.query redis.command kafka.send aws.sqs.receive "
            "aws.s3.request aws.lambda.invoke",
        )


class Logger(unittest.TestCase):
    def test_a_record_of_one_place_is_shown_once_in_a_while(self):
        from ddtrace.internal.logger import get_logger

        logger = get_logger("ddtrace.test.limited")
        self.assertIs(logger, get_logger("ddtrace.test.limited"))
        with self.assertLogs(logger, "WARNING") as caught:
            for _ in range(3):
                logger.warning("again")
            logger.warning("elsewhere")
        self.assertEqual([record.getMessage() for record in caught.records], ["again", "elsewhere"])


class Names(unittest.TestCase):
    def test_of_functions(self):
        from ddtrace.internal.utils.importlib import func_name, module_name, require_modules

        self.assertEqual(func_name(program), f"{__name__}.program")
        self.assertEqual(func_name(functools.partial(program)), "functools.partial")
        self.assertEqual(module_name(self), "__main__")
        with require_modules(["os", "nosuch_module"]) as missing:
            self.assertEqual(missing, ["nosuch_module"])

    def test_of_python(self):
        from ddtrace.internal import compat

        self.assertEqual(compat.PYTHON_VERSION, ".".join(map(str, sys.version_info[:3])))
        self.assertTrue(compat.is_at_least_py(3, 9))
        self.assertFalse(compat.is_at_most_py(3, 9))
        self.assertTrue(compat.is_integer(3))
        self.assertFalse(compat.is_integer(True))
        self.assertTrue(compat.ip_is_global("8.8.8.8"))
        self.assertFalse(compat.is_valid_ip("z"))
        self.assertRaises(TypeError, compat.ensure_text, 3)


class PeriodicThreads(unittest.TestCase):
    def test_end_when_their_work_says_so(self):
        from ddtrace.internal import _threads, periodic

        told, ended, known = [], threading.Event(), []

        def work():
            known.append(_threads.periodic_threads.get(threading.get_ident()))
            told.append(1)
            return _threads.PERIODIC_STOP if len(told) == 3 else None

        thread = periodic.PeriodicThread(0.001, work, on_shutdown=ended.set)
        thread.start()
        self.assertTrue(ended.wait(10))
        thread.join(10)
        self.assertEqual((len(told), known), (3, [thread] * 3))
        self.assertNotIn(thread, _threads.periodic_threads.values())


class Places(unittest.TestCase):
    """Where things are that programs ask for."""

    def answer(self, expression, **environment):
        program = ("from ddtrace.internal import agent, serverless\n"
                   "from ddtrace.internal.settings import _agent\n"
                   "from ddtrace.internal.settings.standalone import standalone_config as standalone\n"
                   f"print(repr(({expression})))\n")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("DD_")}
        done = subprocess.run([sys.executable, "-c", program], check=True, text=True, stdout=subprocess.PIPE,
                              env=kept | {"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"} | environment)
        return done.stdout.strip()

    def test_the_agent(self):
        both = "_agent.config.trace_agent_url, _agent.config.dogstatsd_url"
        self.assertEqual(self.answer(both, DD_AGENT_HOST="h", DD_DOGSTATSD_PORT="9"),
                         "('http://h:8126', 'udp://h:9')")
        self.assertEqual(self.answer(both, DD_TRACE_AGENT_URL="unix:///x", DD_DOGSTATSD_URL="udp://q:1"),
                         "('unix:///x', 'udp://q:1')")
        self.assertEqual(self.answer("_agent.get_agent_hostname(), _agent.get_agent_port()", DD_AGENT_HOST="h"),
                         "('h', 8126)")
        self.assertEqual(self.answer("[_agent.is_ipv6_hostname(h) for h in ('::1', '[::1]', 'x')]"),
                         "[True, False, False]")
        self.assertEqual(self.answer("agent.is_reachable()", DD_TRACE_AGENT_URL="http://127.0.0.1:9"), "False")

    def test_the_cloud(self):
        asked = "serverless.in_aws_lambda(), serverless.in_azure_function(), serverless.in_gcp_function()"
        self.assertEqual(self.answer(asked), "(False, False, False)")
        self.assertEqual(self.answer(asked, K_SERVICE="a", FUNCTION_TARGET="b"), "(False, False, True)")

    def test_products_without_tracing(self):
        asked = "standalone.apm_tracing_enabled, standalone.apm_opt_out"
        self.assertEqual(self.answer(asked), "(True, False)")
        self.assertEqual(self.answer(asked, DD_APM_TRACING_ENABLED="false", DD_APPSEC_ENABLED="true"),
                         "(False, True)")

    def test_headers_of_wsgi(self):
        from ddtrace.propagation import _utils

        self.assertEqual(_utils.get_wsgi_header("x-a-b"), "HTTP_X_A_B")
        self.assertEqual([_utils.from_wsgi_header(key) for key in ("HTTP_X_A", "CONTENT_TYPE", "x")],
                         ["X-A", "Content-Type", None])


if __name__ == "__main__":
    unittest.main()
