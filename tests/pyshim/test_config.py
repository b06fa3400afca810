"""ddtrace.config: read, changed, and obeyed."""

import copy
import os
import pickle
import sqlite3
import subprocess
import sys
import unittest
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from spans_seen import spans_seen


def program(code, **environment):
    shown = subprocess.run(
        [sys.executable, "-I", "-c", "from ddtrace import config\n" + code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert "Traceback" not in shown.stderr, shown.stderr
    return shown.stdout.strip()


def service_of_a_query():
    with spans_seen() as seen:
        sqlite3.connect(":memory:").cursor().execute("select 1")
    return seen[0].service


class Reading(unittest.TestCase):
    def test_the_environment(self):
        cases = [
            ("config.service", {"DD_SERVICE": "shop"}, "shop"),
            ("config.service", {"DD_TAGS": "service:cart"}, "cart"),
            ("config.env, config.version", {"DD_ENV": "e", "DD_VERSION": "1"}, "e 1"),
            ("config.tags", {"DD_TAGS": "a:b,env:q,version:2"}, "{'a': 'b', 'env': 'q'}"),
            ("config.service_mapping", {"DD_SERVICE_MAPPING": "a:b"}, "{'a': 'b'}"),
            ("config.redis.service", {"DD_REDIS_SERVICE": "r"}, "r"),
            ("config.redis.service_name", {"DD_REDIS_SERVICE_NAME": "r"}, "r"),
            ("config.redis._default_service", {}, "redis"),
            ("config.redis.cmd_max_length", {"DD_REDIS_CMD_MAX_LENGTH": "20"}, "20"),
            ("config.redis.cmd_max_length + 1", {}, "1001"),
            (
                "config.subprocess.sensitive_wildcards",
                {"DD_SUBPROCESS_SENSITIVE_WILDCARDS": "a*,b"},
                "['a*', 'b']",
            ),
            (
                "config.psycopg._dbapi_span_operation_name",
                {"DD_TRACE_SPAN_ATTRIBUTE_SCHEMA": "v1"},
                "postgresql.query",
            ),
            (
                "config.redis._default_service",
                {"DD_TRACE_SPAN_ATTRIBUTE_SCHEMA": "v1", "DD_SERVICE": "s"},
                "s",
            ),
            ("config.requests.split_by_domain", {"DD_REQUESTS_SPLIT_BY_DOMAIN": "1"}, "True"),
            ("config._http.header_is_traced('X-A')", {"DD_TRACE_HEADER_TAGS": "x-a"}, "True"),
            ("config._header_tag_name('x-a')", {"DD_TRACE_HEADER_TAGS": "X-A:t"}, "t"),
            ("config._trace_rate_limit", {"DD_TRACE_RATE_LIMIT": "abc"}, "100"),
            ("config._tracing_enabled", {"DD_TRACE_ENABLED": "false"}, "False"),
            ("config._http_server.error_ranges", {}, "[(500, 599)]"),
            (
                "config._http_server.error_ranges",
                {"DD_TRACE_HTTP_SERVER_ERROR_STATUSES": "599-500,404"},
                "[(500, 599), (404, 404)]",
            ),
            ("config._propagation_style_extract", {}, "['datadog', 'tracecontext', 'baggage']"),
        ]
        for expression, environment, expected in cases:
            with self.subTest(expression, **environment):
                self.assertEqual(program(f"print({expression})", **environment), expected)

    def test_an_unknown_name_cannot_be_read_but_written(self):
        from ddtrace import config

        for name in ("nosuch", "http", "trace_headers", "analytics_enabled"):
            with self.assertRaises(AttributeError) as caught:
                getattr(config, name)
            self.assertEqual(
                str(caught.exception),
                f"{type(config)} object has no attribute {name}, "
                f"{name} is not a valid configuration",
            )
        config.something_new = 4
        self.assertEqual(config.something_new, 4)

    def test_there_is_one(self):
        from ddtrace import config
        from ddtrace.internal.settings._config import config as same

        self.assertIs(config, same)
        self.assertIs(pickle.loads(pickle.dumps(config)), config)
        self.assertIs(copy.deepcopy(config), config)


class Integrations(unittest.TestCase):
    def setUp(self):
        from ddtrace import config

        self.config = config

    def test_entries_are_attributes(self):
        flask = self.config.flask
        flask["service_name"] = "x"
        flask.other = 3
        self.assertEqual((flask.service_name, flask["other"], flask.service), ("x", 3, None))
        with self.assertRaises(AttributeError):
            flask.nope
        with self.assertRaises(KeyError):
            flask["nope"]
        self.assertEqual((flask.integration_name, flask.global_config), ("flask", self.config))
        self.assertEqual((flask.analytics_enabled, flask.analytics_sample_rate), (False, 1.0))

    def test_what_the_user_set_goes_before_defaults_added_later(self):
        self.config.tornado["a"] = {"x": 1}
        self.config._add("tornado", {"a": {"x": 2, "y": 3}, "b": 4})
        tornado = self.config.tornado
        self.assertEqual((tornado.a, tornado.b), ({"x": 1, "y": 3}, 4))
        self.config._add("tornado", {"c": 5}, merge=False)
        self.assertNotIn("b", self.config.tornado)

    def test_unknown_integrations_are_not_added(self):
        with self.assertLogs("ddtrace", "ERROR"):
            self.config._add("nosuch", {"a": 1})
        self.assertRaises(AttributeError, getattr, self.config, "nosuch")

    def test_headers(self):
        http = self.config.pyramid.http
        self.assertIsNone(http.trace_headers([]))
        self.assertIs(http.trace_headers(["X-Foo", "b"]), http)
        self.assertTrue(self.config.pyramid.header_is_traced(" X-FOO"))
        self.assertEqual(self.config.pyramid._header_tag_name("x-foo"), "")
        self.assertTrue(self.config.pyramid.is_header_tracing_configured)
        self.assertFalse(self.config.falcon.header_is_traced("x-foo"))

    def test_query_strings(self):
        self.assertIsNone(self.config.pyramid.trace_query_string)
        self.config.pyramid.http.trace_query_string = True
        self.assertTrue(self.config.pyramid.trace_query_string)
        self.assertTrue(self.config.pyramid.http_tag_query_string)
        self.assertFalse(self.config.pyramid.get_http_tag_query_string("false"))

    def test_copies_are_their_own(self):
        original = self.config.molten
        for made in (original.copy(), copy.copy(original), copy.deepcopy(original)):
            made["only_here"] = 1
            made.http.trace_headers("only-here")
            self.assertNotIn("only_here", original)
            self.assertFalse(original.header_is_traced("only-here"))

    def test_hooks_are_deprecated_and_do_nothing(self):
        from ddtrace import DDTraceDeprecationWarning

        called = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")

            @self.config.flask.hooks.on("request")
            def hook(*args):
                called.append(args)

            self.config.flask.hooks.emit("request", 1)
            self.config.flask.hooks.register("request", hook)
            self.config.flask.hooks.deregister("request", hook)
        self.assertEqual(called, [])
        self.assertEqual([w.category for w in caught], [DDTraceDeprecationWarning] * 4)


class Obeyed(unittest.TestCase):
    def setUp(self):
        from ddtrace import config

        self.config = config
        self.addCleanup(config.sqlite.__setitem__, "service_name", None)

    def test_the_service_of_an_integration(self):
        before = service_of_a_query()
        self.config.sqlite["service_name"] = "people"
        self.assertEqual(service_of_a_query(), "people")
        self.config.sqlite.update(service_name="again")
        self.assertEqual(service_of_a_query(), "again")
        self.config.sqlite["service_name"] = None
        self.assertEqual(service_of_a_query(), before)

    def test_a_copy_changes_nothing(self):
        before = service_of_a_query()
        self.config.sqlite.copy()["service_name"] = "elsewhere"
        self.assertEqual(service_of_a_query(), before)

    def test_the_mapping_of_services(self):
        self.config.service_mapping = {"sqlite": "mapped"}
        self.assertEqual(service_of_a_query(), "mapped")
        self.config.service_mapping = {}
        self.assertEqual(service_of_a_query(), "sqlite")

    def test_the_process(self):
        code = """
config.service, config.env, config.version = "s", "e", "v"
from ddtrace.trace import tracer
with tracer.trace("x") as span: pass
print(span.service, span.get_tag("env"), span.get_tag("version"), config._get_service("d"))
"""
        self.assertEqual(program(code, DD_SERVICE="before"), "s e v s")

    def test_an_inferred_service_gives_way(self):
        self.assertEqual(program("print(config._get_service('d'))"), "d")
        self.assertEqual(program("print(config._get_service('d'))", DD_SERVICE="u"), "u")

    def test_no_service(self):
        from ddtrace.trace import tracer

        self.addCleanup(self.config._reset)
        self.config.service = None
        with tracer.trace("a") as span:
            self.assertIsNone(span.service)

    def test_settings_of_the_core(self):
        from ddtrace.propagation.http import HTTPPropagator
        from ddtrace.trace import Context, tracer

        config = self.config

        def headers():
            made = {}
            HTTPPropagator.inject(Context(5, 6, meta={"_dd.p.x": "y"}), made)
            return set(made)

        usual = headers()
        config._propagation_style_inject = ["b3"]
        self.assertEqual(headers(), {"b3"})
        config._reset()
        self.assertEqual(headers(), usual)
        config._x_datadog_tags_enabled = False
        self.assertEqual(usual - headers(), {"x-datadog-tags"})
        config._128_bit_trace_id_enabled = False
        config._report_hostname = True
        with tracer.trace("a") as span:
            self.assertLess(span.trace_id, 2**64)
            self.assertIn("_dd.hostname", span.get_tags())
        config._reset()
        with tracer.trace("a") as span:
            self.assertGreater(span.trace_id, 2**64)
            self.assertNotIn("_dd.hostname", span.get_tags())

    def test_which_statuses_are_errors(self):
        server = self.config._http_server
        server.error_statuses = "404,600-500"
        self.assertEqual(server.error_ranges, [(404, 404), (500, 600)])
        self.assertEqual([server.is_error_code(code) for code in (404, 405, 550)], [True, False, True])
        server.error_statuses = "500-599"
        self.assertFalse(server.is_error_code(404))

    def test_changing_a_setting_often_keeps_objects_few(self):
        import gc

        sqlite = self.config.sqlite
        sqlite["service_name"] = "warm"
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(200):
            sqlite["service_name"] = "name"
        gc.collect()
        self.assertLess(len(gc.get_objects()) - before, 50)


class Late(unittest.TestCase):
    def test_variables_set_before_the_import_count(self):
        code = """
import os
os.environ.update(DD_SERVICE="late", DD_ENV="e", DD_TAGS="a:b", DD_SQLITE_SERVICE="people",
                  DD_TRACE_SAMPLING_RULES='[{"sample_rate": 0}]')
from ddtrace import config
from ddtrace.trace import tracer
with tracer.trace("x") as span:
    pass
print(span.service, span.get_tag("env"), span.get_tag("a"), span.context.sampling_priority)
print(config.service, config.tags, config.sqlite.service)
"""
        shown = subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True
        ).stdout
        self.assertEqual(shown, "late e b -1\nlate {'a': 'b'} people\n")

    def test_tracing_is_switched_off_late(self):
        code = """
import os
os.environ["DD_TRACE_ENABLED"] = "false"
from ddtrace.trace import tracer
print(tracer.enabled)
"""
        shown = subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True
        ).stdout
        self.assertEqual(shown, "False\n")


class Sources(unittest.TestCase):
    def test_code_goes_before_the_environment_and_remote_before_code(self):
        code = """
item = config._config["tags"]
print(config.tags, item.source())
config.tags = {"c": "d"}
print(config.tags, item.source())
item.set_value({"r": "s"}, "remote_config")
print(config.tags, item.source())
item.set_value(None, "remote_config")
print(config.tags, item.source())
"""
        self.assertEqual(
            program(code, DD_TAGS="a:b").splitlines(),
            [
                "{'a': 'b'} env_var",
                "{'c': 'd'} code",
                "{'r': 's'} remote_config",
                "{'c': 'd'} code",
            ],
        )


class Rare(unittest.TestCase):
    """What is read when somebody looks."""

    def test_the_pattern_of_query_strings(self):
        code = """
pattern = config._obfuscation_query_string_pattern
print(pattern and pattern.pattern[:7], config._global_query_string_obfuscation_disabled,
      config._query_string_obfuscation_preserve_delimiter)
"""
        variable = "DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP"
        self.assertEqual(program(code).strip(), "b'(?i)(?:' False True")
        self.assertEqual(program(code, **{variable: "a+"}).strip(), "b'a+' False False")
        self.assertEqual(program(code, **{variable: ""}).strip(), "b'' True False")
        self.assertEqual(program(code, **{variable: "("}).strip(), "None False False")

    def test_names_limits_and_switches(self):
        code = """
print(config._trace_stats_additional_tags, config._trace_stats_cardinality_limits["resource_limit"],
      config._propagation_as_span_links, config._inject_force, config._extra_services_queue,
      "_ci_visibility_agentless_url" in dir(config))
config._trace_resource_renaming_enabled = True
print(config._trace_resource_renaming_enabled)
"""
        shown = program(
            code,
            DD_TRACE_STATS_ADDITIONAL_TAGS="b, a",
            DD_TRACE_STATS_RESOURCE_CARDINALITY_LIMIT="5",
            DD_TRACE_PROPAGATION_AS_SPAN_LINKS="kafka",
            DD_INJECT_FORCE="0",
        )
        self.assertEqual(shown.splitlines(), ["['b', 'a'] 5 {'kafka'} False None True", "True"])


if __name__ == "__main__":
    unittest.main()
