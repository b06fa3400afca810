"""Pins, trace_utils, and instrumentation that is written by hand with them."""

import asyncio
import os
import sys
import types
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from spans_seen import spans_seen

from ddtrace.trace import tracer


class Thing:
    pass


class Pins(unittest.TestCase):
    def setUp(self):
        from ddtrace._trace.pin import Pin

        self.Pin = Pin

    def test_a_pin_is_put_on_found_and_taken_off(self):
        thing = Thing()
        self.assertIsNone(self.Pin.get_from(thing))
        pin = self.Pin("users", tags={"a": "b"})
        pin.onto(thing)
        self.assertIs(self.Pin.get_from(thing), pin)
        self.assertEqual((pin.service, pin.tags), ("users", {"a": "b"}))
        self.assertEqual(repr(pin), "Pin(service=users, tags={'a': 'b'})")
        pin.remove_from(thing)
        self.assertIsNone(self.Pin.get_from(thing))
        pin.remove_from(thing)

    def test_an_instance_takes_the_pin_of_its_class_as_its_own(self):
        class Kind:
            pass

        self.Pin("all").onto(Kind)
        one = Kind()
        self.assertEqual(self.Pin.get_from(one).service, "all")
        self.Pin.override(one, service="one")
        self.assertEqual(self.Pin.get_from(one).service, "one")
        self.assertEqual(self.Pin.get_from(Kind).service, "all")

    def test_override_pins_what_has_no_pin(self):
        thing = Thing()
        self.Pin.override(thing, service="new", tags={"q": 1})
        self.assertEqual(self.Pin.get_from(thing).service, "new")
        self.Pin.override(None, service="x")

    def test_what_takes_no_attributes_goes_without(self):
        for thing in (3, object(), "text"):
            self.Pin("x").onto(thing)
            self.assertIsNone(self.Pin.get_from(thing))

    def test_a_pin_does_not_change(self):
        pin = self.Pin("a")
        for name in ("service", "tags"):
            with self.assertRaises(AttributeError) as caught:
                setattr(pin, name, "b")
            self.assertEqual(
                str(caught.exception), "can't mutate a pin, use override() or clone() instead"
            )
        clone = pin.clone(service="b")
        self.assertEqual((pin.service, clone.service), ("a", "b"))
        self.assertIsNot(clone.tags, pin.tags)

    def test_objects_may_keep_their_pin_themselves(self):
        class Keeper:
            def __setddpin__(self, pin):
                self.kept = pin

            def __getddpin__(self):
                return self.kept

        keeper, pin = Keeper(), self.Pin("x")
        pin.onto(keeper)
        self.assertEqual(vars(keeper), {"kept": pin})
        self.assertIs(self.Pin.get_from(keeper), pin)


class Wrapping(unittest.TestCase):
    def setUp(self):
        from ddtrace.contrib import trace_utils

        self.utils = trace_utils

    def test_hand_written_instrumentation(self):
        from ddtrace._trace.pin import Pin
        from ddtrace.trace import tracer

        library = types.ModuleType("library")

        class Client:
            def send(self, text):
                """Sends."""
                return f"sent {text}"

        library.Client = Client

        @self.utils.with_traced_module
        def traced_send(module, pin, wrapped, instance, args, kwargs):
            with tracer.trace("library.send", service=pin.service) as span:
                span.set_tags(pin.tags)
                return wrapped(*args, **kwargs)

        self.utils.wrap(library, "Client.send", traced_send(library))
        self.assertTrue(self.utils.iswrapped(library.Client, "send"))
        self.assertEqual(library.Client.send.__doc__, "Sends.")
        client = library.Client()
        with spans_seen() as seen:
            self.assertEqual(client.send("a"), "sent a")
            Pin("everybody").onto(library)
            self.assertEqual(client.send(text="b"), "sent b")
            Pin.override(client, service="mine", tags={"k": "v"})
            self.assertEqual(library.Client.send(client, "c"), "sent c")
        self.assertEqual([span.service for span in seen], ["everybody", "mine"])
        self.assertEqual(seen[1].get_tag("k"), "v")
        self.utils.unwrap(library.Client, "send")
        self.assertFalse(self.utils.iswrapped(library.Client, "send"))
        self.assertEqual(client.send("d"), "sent d")
        with self.assertRaises(AttributeError):
            self.utils.unwrap(library.Client, "send")

    def test_functions_static_and_class_methods(self):
        module = types.ModuleType("m")

        class Kind:
            @staticmethod
            def static(x):
                return "static", x

            @classmethod
            def of_class(cls, x):
                return cls.__name__, x

        module.Kind, module.function = Kind, lambda x: ("function", x)
        seen = []

        def wrapper(wrapped, instance, args, kwargs):
            seen.append((instance, args))
            return wrapped(*args, **kwargs)

        for name in ("function", "Kind.static", "Kind.of_class"):
            self.utils.wrap(module, name, wrapper)
        self.assertEqual(module.function(1), ("function", 1))
        self.assertEqual(Kind.static(2), ("static", 2))
        self.assertEqual(Kind().static(3), ("static", 3))
        self.assertEqual(Kind.of_class(4), ("Kind", 4))
        self.assertEqual(
            seen, [(None, (1,)), (None, (2,)), (None, (3,)), (Kind, (4,))]
        )

    def test_coroutines(self):
        from ddtrace._trace.pin import Pin

        module = types.ModuleType("m")

        async def work(x):
            return x

        module.work = work

        @self.utils.with_traced_module_async
        async def traced(mod, pin, wrapped, instance, args, kwargs):
            return await wrapped(*args, **kwargs) + 1

        self.utils.wrap(module, "work", traced(module))
        self.assertEqual(asyncio.run(module.work(1)), 1)
        Pin().onto(module)
        self.assertEqual(asyncio.run(module.work(1)), 2)


class Services(unittest.TestCase):
    def test_the_order_of_names(self):
        from ddtrace._trace.pin import Pin
        from ddtrace.contrib.trace_utils import ext_service, int_service

        cases = [
            (None, {}, None, None),
            (None, {}, "given", "given"),
            (None, {"_default_service": "own"}, "given", "own"),
            (None, {"_default_service": "own", "service_name": "said"}, None, "said"),
            (None, {"service_name": "said", "service": "first"}, None, "first"),
            (Pin("pinned"), {"service": "first"}, None, "pinned"),
            (Pin(), {"service": "first"}, None, "first"),
        ]
        from ddtrace import config

        for pin, settings, default, expected in cases:
            with self.subTest(settings):
                self.assertEqual(ext_service(pin, settings, default), expected)
                of_process = config.service if expected is None else expected
                self.assertEqual(int_service(pin, settings, default), of_process)

    def test_distributed_tracing(self):
        from ddtrace.contrib.trace_utils import distributed_tracing_enabled

        cases = [
            ({}, False, False),
            ({}, True, True),
            ({"distributed_tracing": True}, False, True),
            ({"distributed_tracing_enabled": False, "distributed_tracing": True}, True, False),
        ]
        for settings, default, expected in cases:
            self.assertEqual(distributed_tracing_enabled(settings, default), expected)


class Http(unittest.TestCase):
    def setUp(self):
        from ddtrace import config
        from ddtrace.contrib import trace_utils
        from ddtrace.trace import tracer

        self.config, self.utils, self.tracer = config, trace_utils, tracer

    def tags(self, **what):
        span = self.tracer.start_span("x")
        self.utils.set_http_meta(span, self.config.wsgi, **what)
        return {
            key: value
            for key, value in span.get_tags().items()
            if not key.startswith(("_dd", "runtime", "language"))
        }, span.error

    def test_a_request(self):
        tags, error = self.tags(
            method="GET",
            url="http://user:pw@host/p?token=123456789abcd&x=1#f",
            target_host="host",
            status_code=200,
            request_headers={"user-agent": "ua", "Referer": "http://from/x"},
            retries_remain=2,
            route="/p",
        )
        self.assertEqual(error, 0)
        self.assertEqual(
            tags,
            {
                "http.method": "GET",
                "http.url": "http://host/p?<redacted>&x=1",
                "out.host": "host",
                "http.status_code": "200",
                "http.useragent": "ua",
                "http.referrer_hostname": "from",
                "http.retries_remain": "2",
                "http.route": "/p",
            },
        )

    def test_statuses(self):
        for status, tag, error in ((500, "500", 1), ("503", "503", 1), (404, "404", 0)):
            self.assertEqual(self.tags(status_code=status), ({"http.status_code": tag}, error))
        self.assertEqual(self.tags(status_code="no number"), ({}, 0))

    def test_headers_that_were_asked_for(self):
        self.config.wsgi.http.trace_headers(["X-Order.No", "b"])
        self.addCleanup(self.config.wsgi.http._reset)
        tags, _ = self.tags(
            request_headers={"x-order.no": "7", "c": "1"}, response_headers={"B": "2"}
        )
        self.assertEqual(
            tags, {"http.request.headers.x-order_no": "7", "http.response.headers.b": "2"}
        )

    def test_query_strings_are_tagged_when_asked_for(self):
        self.config.wsgi.http.trace_query_string = True
        self.addCleanup(self.config.wsgi.http._reset)
        self.assertEqual(self.tags(query="a=b")[0], {"http.query.string": "a=b"})
        self.assertEqual(self.tags(query=b"a=b")[0], {"http.query.string": "a=b"})

    def test_a_query_that_is_given_goes_before_that_of_the_url(self):
        tags, _ = self.tags(url="http://host/p?token=1#part", query="x=1")
        self.assertEqual(tags["http.url"], "http://host/p?x=1#part")

    def test_without_headers_the_client_is_the_peer(self):
        self.config._retrieve_client_ip = True
        self.addCleanup(setattr, self.config, "_retrieve_client_ip", False)
        shown = {"http.client_ip": "10.0.0.1", "network.client.ip": "10.0.0.1"}
        for headers in (None, {}):
            self.assertEqual(self.tags(request_headers=headers, peer_ip="10.0.0.1")[0], shown)
        self.assertEqual(self.tags(peer_ip="no address")[0], {})

    def test_the_address_of_the_client(self):
        self.config._retrieve_client_ip = True
        self.addCleanup(setattr, self.config, "_retrieve_client_ip", False)
        tags, _ = self.tags(
            request_headers={"X-Forwarded-For": "10.0.0.1, 8.8.8.8"}, peer_ip="127.0.0.1"
        )
        self.assertEqual(
            tags, {"http.client_ip": "8.8.8.8", "network.client.ip": "127.0.0.1"}
        )

    def test_listeners_hear_of_it(self):
        from ddtrace.internal import core

        heard = []
        core.on("set_http_meta_for_asm", lambda *args: heard.append(args), "test")
        self.addCleanup(core.reset_listeners, "set_http_meta_for_asm")
        self.tags(method="GET", route="/r")
        self.assertEqual((len(heard[0]), heard[0][3], heard[0][4]), (15, "/r", "GET"))

    def test_headers_activate_a_trace(self):
        headers = {"x-datadog-trace-id": "123", "x-datadog-parent-id": "456"}
        provider = self.tracer.context_provider
        self.addCleanup(provider.activate, None)
        cases = [
            ({"distributed_tracing": True}, None, 123),
            ({"distributed_tracing": False}, None, None),
            ({"distributed_tracing": False}, True, 123),
            ({"distributed_tracing": True}, False, None),
            (None, None, None),
        ]
        for settings, override, expected in cases:
            with self.subTest(settings=settings, override=override):
                provider.activate(None)
                self.utils.activate_distributed_headers(
                    self.tracer, settings, headers, override
                )
                context = self.tracer.current_trace_context()
                self.assertEqual(context and context.trace_id, expected)

    def test_a_trace_that_is_active_stays_for_the_same_headers(self):
        headers = {"x-datadog-trace-id": "123", "x-datadog-parent-id": "456"}
        provider = self.tracer.context_provider
        self.addCleanup(provider.activate, None)
        provider.activate(None)
        settings = {"distributed_tracing": True}
        self.utils.activate_distributed_headers(self.tracer, settings, headers)
        first = self.tracer.current_trace_context()
        self.utils.activate_distributed_headers(self.tracer, settings, headers)
        self.assertIs(self.tracer.current_trace_context(), first)


class Values(unittest.TestCase):
    def test_hosts_and_queries_of_urls(self):
        from ddtrace.contrib.trace_utils import extract_netloc_and_query_info_from_url

        for url, expected in (
            ("http://u:p@h.x:8080/p?q=1#f", ("h.x", "q=1")),
            ("h", ("h", "")),
            ("//h?z", ("h", "z")),
            ("http://h:99", ("h", "")),
        ):
            self.assertEqual(extract_netloc_and_query_info_from_url(url), expected)

    def test_maps_inside_maps(self):
        from ddtrace.contrib.trace_utils import set_flattened_tags
        from ddtrace.trace import tracer

        span = tracer.start_span("x")
        set_flattened_tags(
            span,
            {"a": {"b": True, "c": "xx"}, "d": 1, "skip": {"z": 1}}.items(),
            sep="_",
            exclude_policy=lambda key: key.startswith("skip"),
            processor=str,
        )
        tags = span.get_tags()
        self.assertEqual([tags.get(key) for key in ("a_b", "a_c", "d", "skip_z")], ["True", "xx", "1", None])

    def test_rows_of_answers(self):
        from ddtrace.contrib.trace_utils import determine_row_count

        for command, answer, expected in (
            ("GET", "x", 1),
            ("GET", None, 0),
            ("GET", b"", 0),
            ("GET", "", 1),
            ("MGET", ["a", None, "", "b"], 3),
            ("HGETALL", {}, 0),
            ("LRANGE", [], 0),
        ):
            self.assertEqual(determine_row_count(command, answer), expected)

    def test_the_user(self):
        from ddtrace.contrib.trace_utils import set_user
        from ddtrace.trace import tracer

        with tracer.trace("root") as root, tracer.trace("child"):
            set_user(tracer, "u1", name="n", email="e", scope="s", role="r", session_id="i")
        tags = root.get_tags()
        self.assertEqual(
            [tags[f"usr.{key}"] for key in ("id", "name", "email", "scope", "role", "session_id")],
            ["u1", "n", "e", "s", "r", "i"],
        )
        with self.assertLogs("ddtrace", "WARNING"):
            set_user(tracer, "u1")


class Drivers(unittest.TestCase):
    def setUp(self):
        import sqlite3

        from ddtrace import config
        from ddtrace.contrib.internal.sqlite3.patch import patch, unpatch

        unpatch()  # what is traced below is traced by the proxies
        self.addCleanup(patch)
        self.config, self.raw = config, sqlite3.connect(":memory:")
        self.addCleanup(self.raw.close)

    def seen(self, work):
        with spans_seen() as seen:
            work()
        return [(span.name, span.resource, span.service, span.error) for span in seen]

    def test_statements_and_commits(self):
        from ddtrace.contrib import dbapi

        connection = dbapi.TracedConnection(self.raw)

        def work():
            cursor = connection.cursor()
            self.assertEqual(cursor.execute("create table t(a)").fetchall(), [])
            cursor.executemany("insert into t values (?)", [(1,), (2,)])
            connection.commit()
            with self.assertRaises(Exception):
                cursor.execute("selekt")

        self.assertEqual(
            self.seen(work),
            [
                ("sql.query", "create table t(a)", "db", 0),
                ("sql.query", "insert into t values (?)", "db", 0),
                ("sqlite.connection.commit", "sqlite.connection.commit", "db", 0),
                ("sql.query", "selekt", "db", 1),
            ],
        )

    def test_the_proxy_is_the_connection(self):
        import sqlite3

        from ddtrace.contrib import dbapi

        connection = dbapi.TracedConnection(self.raw)
        self.assertIsInstance(connection, sqlite3.Connection)
        self.assertIs(connection.__wrapped__, self.raw)
        self.assertEqual(connection.total_changes, 0)
        connection.row_factory = sqlite3.Row
        self.assertIs(self.raw.row_factory, sqlite3.Row)
        with connection as same:
            self.assertIs(same, connection)

    def test_fetches_are_traced_when_asked_for(self):
        from ddtrace.contrib import dbapi

        settings = self.config.mysql.copy()
        settings["trace_fetch_methods"] = True
        cursor = dbapi.TracedConnection(self.raw, cfg=settings).cursor()
        self.assertEqual(
            self.seen(lambda: (cursor.execute("select 1"), cursor.fetchone(), cursor.fetchmany(2))),
            [
                ("mysql.query", "select 1", "mysql", 0),
                ("mysql.query.fetchone", "select 1", "mysql", 0),
                ("mysql.query.fetchmany", "select 1", "mysql", 0),
            ],
        )

    def test_coroutines(self):
        from ddtrace.contrib.dbapi_async import TracedAsyncConnection

        class Cursor:
            rowcount = 3

            async def execute(self, query):
                return query

        class Connection:
            def cursor(self):
                return Cursor()

            async def commit(self):
                return "done"

        async def work():
            connection = TracedAsyncConnection(Connection())
            self.assertEqual(await connection.cursor().execute("select 1"), "select 1")
            self.assertEqual(await connection.commit(), "done")

        with spans_seen() as seen:
            asyncio.run(work())
        self.assertEqual([span.name for span in seen], ["sql.query", "__main__.connection.commit"])
        self.assertEqual(seen[0].get_metric("db.row_count"), 3)


class Wsgi(unittest.TestCase):
    def request(self, application, **environ):
        from wsgiref.util import setup_testing_defaults

        from ddtrace.contrib.wsgi import DDWSGIMiddleware

        setup_testing_defaults(environ)
        told = []

        def start_response(status, headers, exc_info=None):
            told.append(status)

        with spans_seen() as seen:
            try:
                body = b"".join(DDWSGIMiddleware(application)(environ, start_response))
            except Exception as error:
                body = error
        return body, told, {span.name: span for span in seen}

    def test_a_request(self):
        def application(environ, start_response):
            start_response("200 OK", [("X-A", "b")])
            return [b"a", b"b"]

        headers = {"HTTP_X_DATADOG_TRACE_ID": "123", "HTTP_X_DATADOG_PARENT_ID": "45"}
        body, told, spans = self.request(application, QUERY_STRING="a=b", **headers)
        self.assertEqual((body, told), (b"ab", ["200 OK"]))
        self.assertEqual(
            sorted(spans),
            ["wsgi.application", "wsgi.request", "wsgi.response", "wsgi.start_response"],
        )
        whole = spans["wsgi.request"]
        self.assertEqual((whole.resource, whole.service, whole.span_type), ("GET /", "wsgi", "web"))
        self.assertEqual((whole.trace_id, whole.parent_id), (123, 45))
        tags = whole.get_tags()
        self.assertEqual(
            [tags[f"http.{key}"] for key in ("method", "url", "status_code", "status_msg")],
            ["GET", "http://127.0.0.1/?a=b", "200", "OK"],
        )
        self.assertEqual(spans["wsgi.response"].get_tag("result_class"), "list")
        self.assertIs(spans["wsgi.response"]._parent, whole)

    def test_failures(self):
        def early(environ, start_response):
            raise ValueError("x")

        def late(environ, start_response):
            start_response("500 Oh", [])
            yield b"a"
            raise KeyError("k")

        error, _, spans = self.request(early)
        self.assertIsInstance(error, ValueError)
        self.assertEqual([spans[name].error for name in ("wsgi.request", "wsgi.application")], [1, 1])
        error, _, spans = self.request(late)
        self.assertIsInstance(error, KeyError)
        self.assertEqual([spans[name].error for name in ("wsgi.request", "wsgi.response")], [1, 1])


class Falcon(unittest.TestCase):
    """The middleware, with what Falcon hands to it."""

    def serve(self, **settings):
        from ddtrace.contrib.falcon import TraceMiddleware

        middleware = TraceMiddleware(**settings)
        request = types.SimpleNamespace(method="GET", url="http://h/p/5?q=1", query_string="q=1",
                                        headers={"X-DATADOG-TRACE-ID": "5",
                                                 "X-DATADOG-PARENT-ID": "6"},
                                        uri_template="/p/{id}")
        answer = types.SimpleNamespace(status="404 Not Found", headers={})
        with spans_seen() as seen:
            middleware.process_request(request, answer)
            middleware.process_resource(request, answer, self, {})
            middleware.process_response(request, answer, self, True)
        tracer.context_provider.activate(None)
        return seen

    def test_a_request_has_a_span(self):
        [span] = self.serve(distributed_tracing=True)
        self.assertEqual((span.name, span.service, span.span_type, span.parent_id, span.error),
                         ("falcon.request", "falcon", "web", 6, 0))
        self.assertEqual(span.resource, f"GET {type(self).__module__}.Falcon")
        self.assertEqual([span.get_tag(n) for n in ("http.status_code", "http.route", "component")],
                         ["404", "/p/{id}", "falcon"])

    def test_it_makes_none_where_the_integration_has_made_one(self):
        with tracer.trace("falcon.request") as above:
            self.assertEqual(self.serve(service="mine"), [])
            self.assertEqual(above.service, "mine")
            self.assertFalse(above.finished)
            tracer.context_provider.activate(above)


if __name__ == "__main__":
    unittest.main()
