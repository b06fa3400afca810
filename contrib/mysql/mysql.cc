// mysql: mysql-connector-python, pure and compiled: one span a statement, commit and rollback.

#include <utility>

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"

namespace dd::contrib::mysql {
namespace {

Name kConnection("_connection"), kDatabase("_database"), kServerHost("server_host"),
    kServerPort("server_port"), kUser("user");

// The public `database` asks the server.
SqlPlace place(Handle connection) {
  Ref database = connection.attr(kDatabase);
  if (database.utf8().empty()) database = Ref();
  return {.host = connection.attr(kServerHost),
          .port = connection.attr(kServerPort),
          .database = std::move(database),
          .user = connection.attr(kUser)};
}

constexpr SqlFacts kFacts = {.component = "mysql",
                             .service = "mysql",
                             .system = "mysql",
                             .query = {"mysql.query", "mysql.query"},
                             DD_SQL_NAMES("mysql.query", "mysql.connection"),
                             .place = place,
                             .connection = &kConnection,
                             .nests = true,
                             .comments = true};
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver kDriver = {&kFacts, &knobs};

void prepare(const Settings& from) { knobs = sql_knobs(from, kFacts); }

constexpr const char* kModules[] = {"mysql"};
constexpr py::Target kTargets[] = {
    DD_SQL_CURSOR(kDriver, "mysql.connector.cursor:MySQLCursor"),
    DD_SQL_PROCEDURES(kDriver, "mysql.connector.cursor:MySQLCursor"),
    DD_SQL_CURSOR(kDriver, "mysql.connector.cursor:MySQLCursorPrepared"),
    DD_SQL_CONNECTION(kDriver, "mysql.connector.connection:MySQLConnection"),
    DD_SQL_CURSOR(kDriver, "mysql.connector.cursor_cext:CMySQLCursor"),
    DD_SQL_PROCEDURES(kDriver, "mysql.connector.cursor_cext:CMySQLCursor"),
    DD_SQL_CURSOR(kDriver, "mysql.connector.cursor_cext:CMySQLCursorPrepared"),
    DD_SQL_CONNECTION(kDriver, "mysql.connector.connection_cext:CMySQLConnection"),
};
constexpr py::Target kFetches[] = {
    DD_SQL_FETCHES(kDriver, "mysql.connector.cursor:MySQLCursor"),
    DD_SQL_FETCHES(kDriver, "mysql.connector.cursor:MySQLCursorBuffered"),
    on_sql(kDriver, "mysql.connector.cursor:MySQLCursorDict.fetchone", enter_fetchone,
           leave_cursor),
    on_sql(kDriver, "mysql.connector.cursor:MySQLCursorDict.fetchall", enter_fetchall,
           leave_cursor),
    DD_SQL_FETCHES(kDriver, "mysql.connector.cursor_cext:CMySQLCursor"),
};
constexpr Extra kExtras[] = {{kFetches, [] { return knobs->traces_fetches; }}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "mysql",
                                     .package = "mysql-connector-python",
                                     .versions = ">=8.0.5",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare,
                                     .extras = kExtras};

}  // namespace dd::contrib::mysql
