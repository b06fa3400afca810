"""Bottle's plugin, without the integration. Needs the environment `sites` of tests/env/setup."""

import io
import os
import pathlib
import sys
import unittest

HOME = pathlib.Path(os.environ.get("DD_TEST_HOME", pathlib.Path.home() / ".cache/ddpython"))
SITE = next(HOME.glob("sites-%d.%d/lib/python*/site-packages" % sys.version_info[:2]), None)
if SITE is None or not (SITE / "bottle.py").exists():
    print("no environment sites: tests/env/setup makes it")
    sys.exit(77)
OFF = {"DD_TRACE_BOTTLE_ENABLED": "false"}
if not OFF.items() <= os.environ.items():  # it is read when the process starts
    os.execve(sys.executable, [sys.executable, "-I", os.path.abspath(__file__)], os.environ | OFF)
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), str(SITE)]
from spans_seen import spans_seen  # noqa: E402

import bottle  # noqa: E402
from ddtrace.contrib.bottle import TracePlugin  # noqa: E402


def served(path, headers=(), **settings):
    app = bottle.Bottle(catchall=False)
    app.route("/p/<n>", callback=lambda n: "x")
    app.route("/e", callback=lambda: 1 / 0)
    app.route("/n", callback=lambda: bottle.abort(404, "no"))
    app.install(TracePlugin(**settings))
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "h", "SERVER_PORT": "80",
               "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(),
               "QUERY_STRING": "q=1", **dict(headers)}
    with spans_seen() as seen:
        try:
            b"".join(app(environ, lambda status, headers, error=None: None))
        except ZeroDivisionError:
            pass
    return [(s.resource, s.get_tag("http.status_code"), s.error, s.get_tag("http.route"), s.parent_id)
            for s in seen if s.name == "bottle.request"]


class Plugin(unittest.TestCase):
    def test_a_request_has_a_span(self):
        self.assertEqual(served("/p/5"), [("GET /p/<n>", "200", 0, "/p/<n>", None)])

    def test_errors_are_told_with_their_status(self):
        self.assertEqual(served("/e"), [("GET /e", "500", 1, "/e", None)])
        self.assertEqual(served("/n"), [("GET /n", "404", 1, "/n", None)])

    def test_what_no_route_answers_has_none(self):
        self.assertEqual(served("/nowhere"), [])

    def test_traces_of_callers_are_continued_or_not(self):
        headers = {"HTTP_X_DATADOG_TRACE_ID": "5", "HTTP_X_DATADOG_PARENT_ID": "6"}
        self.assertEqual(served("/p/5", headers, distributed_tracing=True)[0][-1], 6)
        self.assertIsNone(served("/p/5", headers, distributed_tracing=False)[0][-1])


if __name__ == "__main__":
    unittest.main()
