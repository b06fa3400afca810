// mariadb: one span a statement, commit and rollback; fetches when wanted.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"

namespace dd::contrib::mariadb {
namespace {

Name kDatabase("database"), kDb("db"), kHost("host"), kPort("port"), kSql("sql"), kUser("user");

constexpr SqlFacts kFacts = {.component = "mariadb",
                             .service = "mariadb",
                             .system = "mariadb",
                             .query = {"mariadb.query", "mariadb.query"},
                             DD_SQL_NAMES("mariadb.query", "mariadb.connection"),
                             .statement = &kSql,
                             .tells_connection = true,
                             .nests = true};
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver kDriver = {&kFacts, &knobs};

void prepare(const Settings& from) { knobs = sql_knobs(from, kFacts); }

// To ask a connection where it leads would be a question to the server.
void enter_connect_with(Call& call, Scope& scope) {
  Handle database = call.arg(kDatabase);
  if (!database) database = call.arg(kDb);
  scope.emplace<SqlPlace>(call.arg(kHost).share(), call.arg(kPort).share(), database.share(),
                          call.arg(kUser).share());
}
void leave_connect_with(Outcome& outcome, Scope& scope) {
  const SqlPlace* asked = scope.get<SqlPlace>();
  if (asked && outcome.result) (void)remember_place(outcome.result, *asked);
}

constexpr const char* kModules[] = {"mariadb"};
constexpr py::Target kTargets[] = {
    on_sql(kDriver, "mariadb:connect", enter_connect_with, leave_connect_with),
    // 1
    DD_SQL_CONNECTION(kDriver, "mariadb.connections:Connection"),
    DD_SQL_CURSOR(kDriver, "mariadb.cursors:Cursor"),
    DD_SQL_PROCEDURES(kDriver, "mariadb.cursors:Cursor"),
    // 2
    DD_SQL_CONNECTION(kDriver, "mariadb.sync_connection:SyncConnection"),
    DD_SQL_CURSOR(kDriver, "mariadb.sync_cursor:SyncCursor"),
    DD_SQL_PROCEDURES(kDriver, "mariadb.sync_cursor:SyncCursor"),
};
constexpr py::Target kFetches[] = {
    DD_SQL_FETCHES(kDriver, "mariadb.cursors:Cursor"),
    DD_SQL_FETCHES(kDriver, "mariadb.sync_cursor:SyncCursor"),
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
