// aiomysql: one span a statement, of connections and of those in pools.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"

namespace dd::contrib::aiomysql {
namespace {

py::Name kDb("db"), kHost("host"), kPort("port"), kUser("user");

SqlPlace place(py::Handle connection) {
  return {.host = connection.attr(kHost),
          .port = connection.attr(kPort),
          .database = connection.attr(kDb),
          .user = connection.attr(kUser)};
}

constexpr SqlFacts kFacts = {.component = "aiomysql",
                             .service = "mysql",
                             .system = "mysql",
                             .query = {"mysql.query", "mysql.query"},
                             .place = place,
                             .nests = true,
                             .tells_row_number = true,
                             .comments = true,
                             .tells_mapping = true};
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver kDriver = {&kFacts, &knobs, true};

void prepare(const Settings& from) { knobs = new SqlKnobs(sql_knobs(from, "aiomysql")); }

constexpr py::Target on(const char* where, py::Enter enter) {
  return {.where = where,
          .enter = enter,
          .leave = leave_cursor,
          .kind = py::Kind::kAwaitable,
          .data = &kDriver,
          .begin = begin_statement};
}

constexpr const char* kModules[] = {"aiomysql"};
constexpr py::Target kTargets[] = {
    on("aiomysql.cursors:Cursor.execute", enter_execute),
    on("aiomysql.cursors:Cursor.executemany", enter_executemany),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "aiomysql",
                                     .package = "aiomysql",
                                     .versions = ">=0.1.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::aiomysql
