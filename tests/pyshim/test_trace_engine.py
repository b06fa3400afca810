"""One SQLAlchemy engine, traced by hand. Needs the environment `more` of tests/env/setup."""

import os
import pathlib
import sys
import unittest

HOME = pathlib.Path(os.environ.get("DD_TEST_HOME", pathlib.Path.home() / ".cache/ddpython"))
SITE = next(HOME.glob("more-%d.%d/lib/python*/site-packages" % sys.version_info[:2]), None)
if SITE is None or not (SITE / "sqlalchemy").is_dir():
    print("no environment more: tests/env/setup makes it")
    sys.exit(77)
os.environ["DD_TRACE_SQLITE3_ENABLED"] = "false"  # its spans are not what is seen here
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), str(SITE)]
import sqlalchemy
from spans_seen import spans_seen

from ddtrace.contrib.sqlalchemy import trace_engine


def statements(service, *texts):
    engine = sqlalchemy.create_engine("sqlite://")
    trace_engine(engine, service=service)
    trace_engine(engine, service="another")
    with spans_seen() as seen, engine.connect() as connection:
        for text in texts:
            try:
                connection.execute(sqlalchemy.text(text))
            except sqlalchemy.exc.OperationalError:
                pass
    return [span for span in seen if span.get_tag("component") == "sqlalchemy"]


class Engine(unittest.TestCase):
    def test_a_statement_has_one_span(self):
        [span] = statements(None, "select 1")
        self.assertEqual((span.name, span.service, span.resource, span.span_type, span.error),
                         ("sqlite.query", "sqlite", "select 1", "sql", 0))
        self.assertEqual((span.get_tag("span.kind"), span.get_tag("_dd.svc_src")),
                         ("client", "sqlalchemy"))

    def test_the_service_can_be_said_and_rows_are_counted(self):
        spans = statements("mine", "create table t (a)", "insert into t values (1), (2)")
        self.assertEqual([(s.service, s.get_metric("db.row_count")) for s in spans],
                         [("mine", None), ("mine", 2)])

    def test_a_statement_that_fails_says_why(self):
        [span] = statements(None, "select nope")
        self.assertEqual((span.error, span.get_tag("error.type"), span.get_tag("error.message")),
                         (1, "sqlite3.OperationalError", "no such column: nope"))


if __name__ == "__main__":
    unittest.main()
