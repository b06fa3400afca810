// pymysql: one span a statement, commit and rollback; fetches when wanted.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"

namespace dd::contrib::pymysql {
namespace {

Name kDb("db"), kHost("host"), kPort("port"), kUser("user");

Ref as_text(const Ref& value) {
  return value.is_bytes() || value.is_str() ? py::str(value.text()) : Ref();
}

SqlPlace place(Handle connection) {
  return {.host = connection.attr(kHost),
          .port = connection.attr(kPort),
          .database = as_text(connection.attr(kDb)),
          .user = as_text(connection.attr(kUser))};
}

constexpr SqlFacts kFacts = {.component = "pymysql",
                             .service = "pymysql",
                             .system = "mysql",
                             .query = {"pymysql.query", "mysql.query"},
                             DD_SQL_NAMES("pymysql.query", "pymysql.connection"),
                             .place = place,
                             .nests = true,
                             .comments = true};
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver kDriver = {&kFacts, &knobs, false, false};

void prepare(const Settings& from) { knobs = sql_knobs(from, kFacts); }

constexpr const char* kModules[] = {"pymysql"};
constexpr py::Target kTargets[] = {
    DD_SQL_CURSOR(kDriver, "pymysql.cursors:Cursor"),
    DD_SQL_PROCEDURES(kDriver, "pymysql.cursors:Cursor"),
    DD_SQL_CONNECTION(kDriver, "pymysql.connections:Connection"),
};
constexpr py::Target kFetches[] = {
    DD_SQL_FETCHES(kDriver, "pymysql.cursors:Cursor"),
    {.where = "pymysql.cursors:Cursor.__next__", .enter = enter_silent, .optional = true},
    {.where = "pymysql.cursors:SSCursor.__next__", .enter = enter_silent, .optional = true},
    DD_SQL_FETCHES(kDriver, "pymysql.cursors:SSCursor"),
};
constexpr Extra kExtras[] = {{kFetches, [] { return knobs->traces_fetches; }}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "pymysql",
                                     .package = "pymysql",
                                     .versions = ">=0.10",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare,
                                     .extras = kExtras};

}  // namespace dd::contrib::pymysql
