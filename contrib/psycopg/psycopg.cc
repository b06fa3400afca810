// psycopg, 2 and 3: one span a statement, commit and rollback; fetches and connects when wanted.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"

namespace dd::contrib::psycopg {
namespace {

Name kApplicationName("application_name"), kDbname("dbname"), kDsnParameters("dsn_parameters"),
    kGetParameters("get_parameters"), kHost("host"), kInfo("info"), kPort("port"), kUser("user");

// Without a name the tag says "None".
SqlPlace place(Handle info, Ref&& parameters) {
  Ref application = parameters.item(kApplicationName);
  if (!application) application = py::str("None");
  return {.host = info.attr(kHost),
          .port = info.attr(kPort),
          .database = info.attr(kDbname),
          .user = info.attr(kUser),
          .application = static_cast<Ref&&>(application)};
}
SqlPlace place_of_2(Handle connection) {
  const Ref info = connection.attr(kInfo);
  return place(info, info.attr(kDsnParameters));
}
SqlPlace place_of_3(Handle connection) {
  const Ref info = connection.attr(kInfo);
  return place(info, info.call_method(kGetParameters));
}

constexpr SqlFacts facts(std::string_view commit, std::string_view rollback,
                         std::string_view connect, SqlPlace (*where)(Handle)) {
  return {.component = "psycopg",
          .service = "postgres",
          .system = "postgresql",
          .query = {"postgres.query", "postgresql.query"},
          .commit = commit,
          .rollback = rollback,
          .fetchone = "postgres.query.fetchone",
          .fetchmany = "postgres.query.fetchmany",
          .fetchall = "postgres.query.fetchall",
          .connect = connect,
          .execute = "psycopg.connection.execute",
          .place = where,
          .comments = true};
}
constexpr SqlFacts kFacts2 = facts("postgres.connection.commit", "postgres.connection.rollback",
                                   "psycopg2.connect", place_of_2);
constexpr SqlFacts kFacts3 = facts("psycopg.connection.commit", "psycopg.connection.rollback",
                                   "psycopg.connection.connect", place_of_3);
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver k2 = {&kFacts2, &knobs}, k3 = {&kFacts3, &knobs},
                    kAsync3 = {&kFacts3, &knobs, true};

void prepare(const Settings& from) { knobs = sql_knobs(from, kFacts3); }

constexpr const char* kModules[] = {"psycopg", "psycopg2"};
constexpr py::Target kTargets[] = {
    DD_SQL_CURSOR(k2, "psycopg2.extensions:cursor"),
    DD_SQL_PROCEDURES(k2, "psycopg2.extensions:cursor"),
    DD_SQL_CONNECTION(k2, "psycopg2.extensions:connection"),
    on_sql(k2, "psycopg2.extensions:connection.__exit__", enter_block_end, leave_block_end),
    DD_SQL_CURSOR(k3, "psycopg:Cursor"),
    on_sql(k3, "psycopg:ServerCursor.execute", enter_execute, leave_cursor),
    DD_SQL_CONNECTION(k3, "psycopg:Connection"),
    on_sql(k3, "psycopg:Connection.__exit__", enter_block_end, leave_block_end),
    DD_SQL_CURSOR(kAsync3, "psycopg:AsyncCursor"),
    on_sql(kAsync3, "psycopg:AsyncServerCursor.execute", enter_execute, leave_cursor),
    on_sql(kAsync3, "psycopg:AsyncConnection.execute", enter_outer_execute, leave_connection),
    DD_SQL_CONNECTION(kAsync3, "psycopg:AsyncConnection"),
    on_sql(kAsync3, "psycopg:AsyncConnection.__aexit__", enter_block_end, leave_block_end),
};
constexpr py::Target kFetches[] = {
    DD_SQL_FETCHES(k2, "psycopg2.extensions:cursor"),
    DD_SQL_FETCHES(k3, "psycopg:Cursor"),
    DD_SQL_FETCHES(k3, "psycopg:ServerCursor"),
    DD_SQL_FETCHES(kAsync3, "psycopg:AsyncCursor"),
};
constexpr py::Target kConnects[] = {
    on_sql(k2, "psycopg2:connect", enter_connect, leave_connection),
    on_sql(k3, "psycopg:Connection.connect", enter_connect, leave_connection),
    on_sql(kAsync3, "psycopg:AsyncConnection.connect", enter_connect, leave_connection),
};
constexpr Extra kExtras[] = {
    {kFetches, [] { return knobs->traces_fetches; }},
    {kConnects, [] { return knobs->traces_connects; }},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "psycopg",
                                     .package = "psycopg",
                                     .versions = ">=2.9.10",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare,
                                     .extras = kExtras};

}  // namespace dd::contrib::psycopg
