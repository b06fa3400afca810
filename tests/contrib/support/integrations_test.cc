// Integrations on the real standard library: what the application sees, and the spans.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "contrib/registry.h"
#include "core/py/imports/import_hook.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"
#include "core/tracing/activation.h"
#include "core/tracing/context_object.h"
#include "tests/core/py/interpreter.h"

namespace dd::contrib {
namespace {

namespace tags = trace::tags;

std::optional<std::string> nothing_is_set(std::string_view) { return {}; }

struct Seen {
  std::string name, service, resource, type, error_type;
  double rows = -2;
  bool many = false;
  std::uint64_t trace_id = 0, parent_id = 0;
};

class RememberingSink : public trace::Sink {
 public:
  void accept(trace::Delivery* delivery) override {
    for (std::uint32_t i = 0; i < delivery->count; ++i) {
      const trace::Span& span = *delivery->spans[i];
      Seen one{std::string(span.name.view()), std::string(span.service.view()),
               std::string(span.resource.view()), std::string(span.type.view()),
               std::string(span.text(tags::kErrorType))};
      (void)span.number(tags::kDbRowCount, one.rows);
      one.many = span.text(tags::kSqlExecuteMany) == "true";
      one.trace_id = span.segment->trace_id.low;
      one.parent_id = span.parent_id;
      seen.push_back(one);
    }
    trace::Delivery::drop(delivery);
  }
  std::vector<Seen> seen;
};

class Integrations : public tests::PythonTest {
 protected:
  Integrations() {
    trace::Tracer::get().remove_sinks();
    trace::Tracer::get().add_sink(&sink);
    tracing::set_active(py::Handle());
    if (static bool started = false; !started) {
      started = true;
      EXPECT_TRUE(py::import_hook::install().ok());
      start(new Settings(nothing_is_set, {"app", false}));
    }
  }
  ~Integrations() override { trace::Tracer::get().remove_sinks(); }
  RememberingSink sink;
};

TEST_F(Integrations, sqlite_makes_a_span_of_each_statement) {
  run(R"py(
import sqlite3
connection = sqlite3.connect(":memory:")
assert type(connection) is sqlite3.Connection
cursor = connection.cursor()
assert cursor.connection is connection
assert cursor.execute("create table t (a)") is cursor
cursor.executemany("insert into t values (?)", [(1,), (2,)])
connection.commit()
assert connection.execute("select a from t").fetchall() == [(1,), (2,)]
connection.executemany("insert into t values (?)", [(3,)])
with connection:
    pass
try:
    cursor.execute("select * from missing")
except sqlite3.OperationalError as error:
    assert str(error) == "no such table: missing"
else:
    raise AssertionError
)py");
  ASSERT_EQ(sink.seen.size(), 5u);
  EXPECT_EQ(sink.seen[0].name, "sqlite.query");
  EXPECT_EQ(sink.seen[0].service, "sqlite");
  EXPECT_EQ(sink.seen[0].resource, "create table t (a)");
  EXPECT_EQ(sink.seen[0].type, "sql");
  EXPECT_EQ(sink.seen[0].rows, -1);
  EXPECT_TRUE(sink.seen[1].many);
  EXPECT_EQ(sink.seen[1].rows, 2);
  EXPECT_EQ(sink.seen[2].name, "sqlite.connection.commit");
  EXPECT_EQ(sink.seen[3].resource, "select a from t");
  EXPECT_EQ(sink.seen[4].resource, "select * from missing");
  EXPECT_EQ(sink.seen[4].error_type, "sqlite3.OperationalError");
}

TEST_F(Integrations, sqlite_forgets_what_a_closed_connection_refused) {
  run(R"py(
import sqlite3
connection = sqlite3.connect(":memory:")
connection.close()
try:
    connection.execute("select 1")
except sqlite3.ProgrammingError:
    pass
else:
    raise AssertionError
)py");
  EXPECT_TRUE(sink.seen.empty());
  EXPECT_FALSE(tracing::active_object());
}

TEST_F(Integrations, keep_nothing_of_the_application) {
  run(R"py(
import logging, sqlite3
connection = sqlite3.connect(":memory:")
connection.execute("create table t (a)")
def fail():
    try:
        connection.execute("select * from missing")
    except sqlite3.OperationalError:
        pass
for _ in range(1000):  # the caches of traceback and the reserves of spans
    fail()
logger = logging.getLogger("steady")
formatter = logging.Formatter("{message} {dd.trace_id}", style="{")
)py");
  steady("connection.cursor().execute('select 1').fetchall()");
  steady("connection.cursor().executemany('insert into t values (?)', [(1,)])");
  steady("connection.execute('select 1').fetchone(); connection.commit()");
  steady("fail()", 1000);
  steady("formatter.format(logger.makeRecord('x', 20, 'f', 1, 'm', (), None))");
}

TEST_F(Integrations, pools_of_threads_continue_the_trace) {
  const trace::Shared<trace::Segment> segment = trace::Segment::make({.high = 0, .low = 7});
  tracing::set_active(tracing::make_context(segment, segment->trace_id, 9, true));
  run(R"py(
import concurrent.futures, sqlite3
def work(a, b=0):
    sqlite3.connect(":memory:").execute("select 1")
    return a + b
with concurrent.futures.ThreadPoolExecutor(1) as pool:
    assert pool.submit(work, 1, b=2).result() == 3
    assert list(pool.map(work, [1, 2])) == [1, 2]
    error = pool.submit(5).exception()
assert str(error) == "'int' object is not callable", error
)py");
  tracing::set_active(py::Handle());
  ASSERT_EQ(sink.seen.size(), 3u);
  for (const Seen& span : sink.seen) {
    EXPECT_EQ(span.trace_id, 7u);
    EXPECT_EQ(span.parent_id, 9u);
  }
}

TEST_F(Integrations, logging_fills_formats_with_braces) {
  run(R"py(
import logging
record = logging.getLogger("x").makeRecord("x", 20, "f", 1, "m", (), None)
formatter = logging.Formatter("{message} {dd.trace_id}", style="{")
assert formatter.format(record) == "m 0"
assert not hasattr(record, "dd")
record.dd = "own"
assert logging.Formatter("{dd}", style="{").format(record) == "own"
assert record.dd == "own"
)py");
}

TEST_F(Integrations, logging_tells_records_of_their_trace) {
  run(R"py(
import logging
record = logging.getLogger("x").makeRecord("x", 20, "f", 1, "m", (), None)
assert getattr(record, "dd.trace_id") == "0", record.__dict__
assert getattr(record, "dd.span_id") == "0"
assert isinstance(getattr(record, "dd.service"), str)
assert type(logging.Logger.makeRecord).__name__ == "function"
)py");
}

TEST_F(Integrations, refuse_a_name_that_is_not_there) {
  EXPECT_FALSE(patch("nothing").ok());
  EXPECT_FALSE(unpatch("nothing").ok());
}

TEST_F(Integrations, go_away_when_asked) {
  run("import sqlite3");
  ASSERT_TRUE(unpatch("sqlite3").ok());
  run("sqlite3.connect(':memory:').execute('select 1')");
  EXPECT_TRUE(sink.seen.empty());
  ASSERT_TRUE(patch("sqlite3").ok());
  run("sqlite3.connect(':memory:').execute('select 1')");
  EXPECT_EQ(sink.seen.size(), 1u);
}

}  // namespace
}  // namespace dd::contrib
