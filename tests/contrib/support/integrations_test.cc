// Integrations on the real standard library: what the application sees, and the spans.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "contrib/registry.h"
#include "core/py/imports/import_hook.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"
#include "core/tracing/activation.h"
#include "tests/core/py/interpreter.h"

namespace dd::contrib {
namespace {

namespace tags = trace::tags;

std::optional<std::string> nothing_is_set(std::string_view) { return {}; }

struct Seen {
  std::string name, service, resource, type, error_type;
  double rows = -2;
  bool many = false;
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
