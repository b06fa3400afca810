// mariadb: one span a statement, commit and rollback; fetches when wanted.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"

namespace dd::contrib::mariadb {
namespace {

using py::Handle;
using py::Name;

Name kDatabase("database"), kDb("db"), kHost("host"), kPort("port"), kSql("sql"), kUser("user");

constexpr SqlFacts kFacts = {.component = "mariadb",
                             .service = "mariadb",
                             .system = "mariadb",
                             .query = {"mariadb.query", "mariadb.query"},
                             .commit = "mariadb.connection.commit",
                             .rollback = "mariadb.connection.rollback",
                             .fetchone = "mariadb.query.fetchone",
                             .fetchmany = "mariadb.query.fetchmany",
                             .fetchall = "mariadb.query.fetchall",
                             .statement = &kSql,
                             .tells_connection = true,
                             .nests = true};
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver kDriver = {&kFacts, &knobs};

void prepare(const Settings& from) { knobs = new SqlKnobs(sql_knobs(from, "mariadb")); }

// To ask a connection where it leads would be a question to the server.
void enter_connect_with(py::Call& call, py::Scope& scope) {
  Handle database = call.arg(kDatabase);
  if (!database) database = call.arg(kDb);
  scope.emplace<SqlPlace>(call.arg(kHost).share(), call.arg(kPort).share(), database.share(),
                          call.arg(kUser).share());
}
void leave_connect_with(py::Outcome& outcome, py::Scope& scope) {
  const SqlPlace* asked = scope.get<SqlPlace>();
  if (asked && outcome.result) (void)remember_place(outcome.result, *asked);
}

constexpr py::Target on(const char* where, py::Enter enter, py::Leave leave) {
  return {.where = where, .enter = enter, .leave = leave, .optional = true, .data = &kDriver};
}

constexpr const char* kModules[] = {"mariadb"};
constexpr py::Target kTargets[] = {
    on("mariadb:connect", enter_connect_with, leave_connect_with),
    // 1
    on("mariadb.connections:Connection.commit", enter_commit, leave_connection),
    on("mariadb.connections:Connection.rollback", enter_rollback, leave_connection),
    on("mariadb.cursors:Cursor.execute", enter_execute, leave_cursor),
    on("mariadb.cursors:Cursor.executemany", enter_executemany, leave_cursor),
    on("mariadb.cursors:Cursor.callproc", enter_uncommented, leave_cursor),
    // 2
    on("mariadb.sync_connection:SyncConnection.commit", enter_commit, leave_connection),
    on("mariadb.sync_connection:SyncConnection.rollback", enter_rollback, leave_connection),
    on("mariadb.sync_cursor:SyncCursor.execute", enter_execute, leave_cursor),
    on("mariadb.sync_cursor:SyncCursor.executemany", enter_executemany, leave_cursor),
    on("mariadb.sync_cursor:SyncCursor.callproc", enter_uncommented, leave_cursor),
};
constexpr py::Target kFetches[] = {
    on("mariadb.cursors:Cursor.fetchone", enter_fetchone, leave_cursor),
    on("mariadb.cursors:Cursor.fetchmany", enter_fetchmany, leave_cursor),
    on("mariadb.cursors:Cursor.fetchall", enter_fetchall, leave_cursor),
    on("mariadb.sync_cursor:SyncCursor.fetchone", enter_fetchone, leave_cursor),
    on("mariadb.sync_cursor:SyncCursor.fetchmany", enter_fetchmany, leave_cursor),
    on("mariadb.sync_cursor:SyncCursor.fetchall", enter_fetchall, leave_cursor),
};
constexpr Extra kExtras[] = {{kFetches, [] { return knobs->traces_fetches; }}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "mariadb",
                                     .package = "mariadb",
                                     .versions = ">=1.0.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare,
                                     .extras = kExtras};

}  // namespace dd::contrib::mariadb
