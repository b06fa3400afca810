// aiomysql: one span a statement, of connections and of those in pools.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"

namespace dd::contrib::aiomysql {
namespace {

Name kDb("db"), kHost("host"), kPort("port"), kUser("user");

SqlPlace place(Handle connection) {
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
constexpr SqlDriver kDriver = {&kFacts, &knobs, true, false};

void prepare(const Settings& from) { knobs = sql_knobs(from, kFacts); }

constexpr const char* kModules[] = {"aiomysql"};
constexpr py::Target kTargets[] = {DD_SQL_CURSOR(kDriver, "aiomysql.cursors:Cursor")};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "aiomysql",
                                     .package = "aiomysql",
                                     .versions = ">=0.1.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::aiomysql
