// mysql: mysql-connector-python, pure and compiled: one span a statement, commit and rollback.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"

namespace dd::contrib::mysql {
namespace {

py::Name kConnection("_connection"), kDatabase("_database"), kServerHost("server_host"),
    kServerPort("server_port"), kUser("user");

// The public `database` asks the server.
SqlPlace place(py::Handle connection) {
  return {.host = connection.attr(kServerHost),
          .port = connection.attr(kServerPort),
          .database = connection.attr(kDatabase),
          .user = connection.attr(kUser)};
}

constexpr SqlFacts kFacts = {.component = "mysql",
                             .service = "mysql",
                             .system = "mysql",
                             .query = {"mysql.query", "mysql.query"},
                             .commit = "mysql.connection.commit",
                             .rollback = "mysql.connection.rollback",
                             .fetchone = "mysql.query.fetchone",
                             .fetchmany = "mysql.query.fetchmany",
                             .fetchall = "mysql.query.fetchall",
                             .place = place,
                             .connection = &kConnection,
                             .nests = true,
                             .comments = true};
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver kDriver = {&kFacts, &knobs};

void prepare(const Settings& from) { knobs = new SqlKnobs(sql_knobs(from, "mysql")); }

constexpr py::Target on(const char* where, py::Enter enter, py::Leave leave) {
  return {.where = where, .enter = enter, .leave = leave, .optional = true, .data = &kDriver};
}

constexpr const char* kModules[] = {"mysql"};
constexpr py::Target kTargets[] = {
    on("mysql.connector.cursor:MySQLCursor.execute", enter_execute, leave_cursor),
    on("mysql.connector.cursor:MySQLCursor.executemany", enter_executemany, leave_cursor),
    on("mysql.connector.cursor:MySQLCursor.callproc", enter_uncommented, leave_cursor),
    on("mysql.connector.cursor:MySQLCursorPrepared.execute", enter_execute, leave_cursor),
    on("mysql.connector.cursor:MySQLCursorPrepared.executemany", enter_executemany, leave_cursor),
    on("mysql.connector.connection:MySQLConnection.commit", enter_commit, leave_connection),
    on("mysql.connector.connection:MySQLConnection.rollback", enter_rollback, leave_connection),
    on("mysql.connector.cursor_cext:CMySQLCursor.execute", enter_execute, leave_cursor),
    on("mysql.connector.cursor_cext:CMySQLCursor.executemany", enter_executemany, leave_cursor),
    on("mysql.connector.cursor_cext:CMySQLCursor.callproc", enter_uncommented, leave_cursor),
    on("mysql.connector.cursor_cext:CMySQLCursorPrepared.execute", enter_execute, leave_cursor),
    on("mysql.connector.cursor_cext:CMySQLCursorPrepared.executemany", enter_executemany,
       leave_cursor),
    on("mysql.connector.connection_cext:CMySQLConnection.commit", enter_commit, leave_connection),
    on("mysql.connector.connection_cext:CMySQLConnection.rollback", enter_rollback,
       leave_connection),
};
constexpr py::Target kFetches[] = {
    on("mysql.connector.cursor:MySQLCursor.fetchone", enter_fetchone, leave_cursor),
    on("mysql.connector.cursor:MySQLCursor.fetchmany", enter_fetchmany, leave_cursor),
    on("mysql.connector.cursor:MySQLCursor.fetchall", enter_fetchall, leave_cursor),
    on("mysql.connector.cursor:MySQLCursorBuffered.fetchone", enter_fetchone, leave_cursor),
    on("mysql.connector.cursor:MySQLCursorBuffered.fetchmany", enter_fetchmany, leave_cursor),
    on("mysql.connector.cursor:MySQLCursorBuffered.fetchall", enter_fetchall, leave_cursor),
    on("mysql.connector.cursor:MySQLCursorDict.fetchone", enter_fetchone, leave_cursor),
    on("mysql.connector.cursor:MySQLCursorDict.fetchall", enter_fetchall, leave_cursor),
    on("mysql.connector.cursor_cext:CMySQLCursor.fetchone", enter_fetchone, leave_cursor),
    on("mysql.connector.cursor_cext:CMySQLCursor.fetchmany", enter_fetchmany, leave_cursor),
    on("mysql.connector.cursor_cext:CMySQLCursor.fetchall", enter_fetchall, leave_cursor),
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
