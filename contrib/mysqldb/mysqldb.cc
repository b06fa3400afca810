// mysqldb: mysqlclient: one span a statement, commit and rollback; fetches and connects when
// wanted.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"
#include "contrib/support/step.h"

namespace dd::contrib::mysqldb {
namespace {

using py::Handle;
using py::Name;
using py::Ref;

Name kDatabase("database"), kDb("db"), kHost("host"), kPort("port"), kUser("user");

constexpr SqlFacts kFacts = {.component = "mysqldb",
                             .service = "mysql",
                             .system = "mysql",
                             .query = {"mysql.query", "mysql.query"},
                             .commit = "MySQLdb.connection.commit",
                             .rollback = "MySQLdb.connection.rollback",
                             .fetchone = "mysql.query.fetchone",
                             .fetchmany = "mysql.query.fetchmany",
                             .fetchall = "mysql.query.fetchall",
                             .tells_connection = true,
                             .nests = true,
                             .comments = true};
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver kDriver = {&kFacts, &knobs};

void prepare(const Settings& from) { knobs = new SqlKnobs(sql_knobs(from, "mysqldb")); }

struct Made {
  Ref connection;
  SqlPlace place;
};

// A connection does not tell where it leads: what it is made with does.
void enter_init(py::Call& call, py::Scope& scope) {
  Handle database = call.arg(3, kDatabase);
  if (!database) database = call.arg(kDb);
  scope.emplace<Made>(call.self().share(), SqlPlace{.host = call.arg(0, kHost).share(),
                                                    .port = call.arg(4, kPort).share(),
                                                    .database = database.share(),
                                                    .user = call.arg(1, kUser).share()});
}
void leave_init(py::Outcome& outcome, py::Scope& scope) {
  const Made* made = scope.get<Made>();
  if (made && !outcome.error) (void)remember_place(made->connection, made->place);
}

// Without the system, which the others tell.
void enter_connecting(py::Call&, py::Scope& scope) {
  const Named named = settings().naming.of_client(
      {.integration = "mysqldb", .fallback = "mysql", .own = knobs->own_service});
  start_step(scope, {.name = "MySQLdb.connection.connect",
                     .component = "mysqldb",
                     .service = named.service,
                     .source = named.source,
                     .type = "sql",
                     .kind = "client",
                     .measured = true});
}
void leave_connecting(py::Outcome& outcome, py::Scope& scope) { finish_step(outcome, scope); }

constexpr py::Target on(const char* where, py::Enter enter, py::Leave leave) {
  return {.where = where, .enter = enter, .leave = leave, .optional = true, .data = &kDriver};
}

constexpr const char* kModules[] = {"MySQLdb"};
constexpr py::Target kTargets[] = {
    on("MySQLdb.connections:Connection.__init__", enter_init, leave_init),
    on("MySQLdb.connections:Connection.commit", enter_commit, leave_connection),
    on("MySQLdb.connections:Connection.rollback", enter_rollback, leave_connection),
    on("MySQLdb.cursors:BaseCursor.execute", enter_execute, leave_cursor),
    on("MySQLdb.cursors:BaseCursor.executemany", enter_executemany, leave_cursor),
    on("MySQLdb.cursors:BaseCursor.callproc", enter_uncommented, leave_cursor),
};
constexpr py::Target kFetches[] = {
    on("MySQLdb.cursors:CursorStoreResultMixIn.fetchone", enter_fetchone, leave_cursor),
    on("MySQLdb.cursors:CursorStoreResultMixIn.fetchmany", enter_fetchmany, leave_cursor),
    on("MySQLdb.cursors:CursorStoreResultMixIn.fetchall", enter_fetchall, leave_cursor),
    on("MySQLdb.cursors:CursorUseResultMixIn.fetchone", enter_fetchone, leave_cursor),
    on("MySQLdb.cursors:CursorUseResultMixIn.fetchmany", enter_fetchmany, leave_cursor),
    on("MySQLdb.cursors:CursorUseResultMixIn.fetchall", enter_fetchall, leave_cursor),
    on("MySQLdb.cursors:BaseCursor.close", enter_silent, nullptr),
    on("MySQLdb.cursors:BaseCursor.nextset", enter_silent, nullptr),
};
constexpr py::Target kConnects[] = {on("MySQLdb:Connect", enter_connecting, leave_connecting)};
constexpr Extra kExtras[] = {
    {kFetches, [] { return knobs->traces_fetches; }},
    {kConnects, [] { return knobs->traces_connects; }},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "mysqldb",
                                     .package = "mysqlclient",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare,
                                     .extras = kExtras};

}  // namespace dd::contrib::mysqldb
