// mysqldb: mysqlclient: one span a statement, commit and rollback; fetches and connects when
// wanted.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"
#include "contrib/support/step.h"

namespace dd::contrib::mysqldb {
namespace {

Name kDatabase("database"), kDb("db"), kHost("host"), kPort("port"), kUser("user");

constexpr SqlFacts kFacts = {.component = "mysqldb",
                             .service = "mysql",
                             .system = "mysql",
                             .query = {"mysql.query", "mysql.query"},
                             DD_SQL_NAMES("mysql.query", "MySQLdb.connection"),
                             .tells_connection = true,
                             .nests = true,
                             .comments = true};
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver kDriver = {&kFacts, &knobs};

void prepare(const Settings& from) { knobs = sql_knobs(from, kFacts); }

struct Made {
  Ref connection;
  SqlPlace place;
};

// A connection does not tell where it leads: what it is made with does.
void enter_init(Call& call, Scope& scope) {
  Handle database = call.arg(3, kDatabase);
  if (!database) database = call.arg(kDb);
  scope.emplace<Made>(call.self().share(), SqlPlace{.host = call.arg(0, kHost).share(),
                                                    .port = call.arg(4, kPort).share(),
                                                    .database = database.share(),
                                                    .user = call.arg(1, kUser).share()});
}
void leave_init(Outcome& outcome, Scope& scope) {
  const Made* made = scope.get<Made>();
  if (made && !outcome.error) (void)remember_place(made->connection, made->place);
}

// Without the system, which the others tell.
void enter_connecting(Call&, Scope& scope) {
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
void leave_connecting(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"MySQLdb"};
constexpr py::Target kTargets[] = {
    on_sql(kDriver, "MySQLdb.connections:Connection.__init__", enter_init, leave_init),
    DD_SQL_CONNECTION(kDriver, "MySQLdb.connections:Connection"),
    DD_SQL_CURSOR(kDriver, "MySQLdb.cursors:BaseCursor"),
    DD_SQL_PROCEDURES(kDriver, "MySQLdb.cursors:BaseCursor"),
};
constexpr py::Target kFetches[] = {
    DD_SQL_FETCHES(kDriver, "MySQLdb.cursors:CursorStoreResultMixIn"),
    DD_SQL_FETCHES(kDriver, "MySQLdb.cursors:CursorUseResultMixIn"),
    on_sql(kDriver, "MySQLdb.cursors:BaseCursor.close", enter_silent, nullptr),
    on_sql(kDriver, "MySQLdb.cursors:BaseCursor.nextset", enter_silent, nullptr),
};
constexpr py::Target kConnects[] = {
    on_sql(kDriver, "MySQLdb:Connect", enter_connecting, leave_connecting)};
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
