// psycopg, 2 and 3: one span a statement, commit and rollback; fetches and connects when wanted.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"

namespace dd::contrib::psycopg {
namespace {

using py::Handle;
using py::Name;
using py::Ref;

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

void prepare(const Settings& from) { knobs = new SqlKnobs(sql_knobs(from, "psycopg")); }

constexpr py::Target on(const SqlDriver& driver, const char* where, py::Enter enter,
                        py::Leave leave) {
  return {.where = where,
          .enter = enter,
          .leave = leave,
          .kind = driver.waits ? py::Kind::kAwaitable : py::Kind::kCall,
          .optional = true,
          .data = &driver,
          .begin = driver.waits ? begin_statement : nullptr};
}

constexpr const char* kModules[] = {"psycopg", "psycopg2"};
constexpr py::Target kTargets[] = {
    on(k2, "psycopg2.extensions:cursor.execute", enter_execute, leave_cursor),
    on(k2, "psycopg2.extensions:cursor.executemany", enter_executemany, leave_cursor),
    on(k2, "psycopg2.extensions:cursor.callproc", enter_uncommented, leave_cursor),
    on(k2, "psycopg2.extensions:connection.commit", enter_commit, leave_connection),
    on(k2, "psycopg2.extensions:connection.rollback", enter_rollback, leave_connection),
    on(k2, "psycopg2.extensions:connection.__exit__", enter_block_end, leave_block_end),
    on(k3, "psycopg:Cursor.execute", enter_execute, leave_cursor),
    on(k3, "psycopg:Cursor.executemany", enter_executemany, leave_cursor),
    on(k3, "psycopg:ServerCursor.execute", enter_execute, leave_cursor),
    on(k3, "psycopg:Connection.commit", enter_commit, leave_connection),
    on(k3, "psycopg:Connection.rollback", enter_rollback, leave_connection),
    on(k3, "psycopg:Connection.__exit__", enter_block_end, leave_block_end),
    on(kAsync3, "psycopg:AsyncCursor.execute", enter_execute, leave_cursor),
    on(kAsync3, "psycopg:AsyncCursor.executemany", enter_executemany, leave_cursor),
    on(kAsync3, "psycopg:AsyncServerCursor.execute", enter_execute, leave_cursor),
    on(kAsync3, "psycopg:AsyncConnection.execute", enter_outer_execute, leave_connection),
    on(kAsync3, "psycopg:AsyncConnection.commit", enter_commit, leave_connection),
    on(kAsync3, "psycopg:AsyncConnection.rollback", enter_rollback, leave_connection),
    on(kAsync3, "psycopg:AsyncConnection.__aexit__", enter_block_end, leave_block_end),
};
constexpr py::Target kFetches[] = {
    on(k2, "psycopg2.extensions:cursor.fetchone", enter_fetchone, leave_cursor),
    on(k2, "psycopg2.extensions:cursor.fetchmany", enter_fetchmany, leave_cursor),
    on(k2, "psycopg2.extensions:cursor.fetchall", enter_fetchall, leave_cursor),
    on(k3, "psycopg:Cursor.fetchone", enter_fetchone, leave_cursor),
    on(k3, "psycopg:Cursor.fetchmany", enter_fetchmany, leave_cursor),
    on(k3, "psycopg:Cursor.fetchall", enter_fetchall, leave_cursor),
    on(k3, "psycopg:ServerCursor.fetchone", enter_fetchone, leave_cursor),
    on(k3, "psycopg:ServerCursor.fetchmany", enter_fetchmany, leave_cursor),
    on(k3, "psycopg:ServerCursor.fetchall", enter_fetchall, leave_cursor),
    on(kAsync3, "psycopg:AsyncCursor.fetchone", enter_fetchone, leave_cursor),
    on(kAsync3, "psycopg:AsyncCursor.fetchmany", enter_fetchmany, leave_cursor),
    on(kAsync3, "psycopg:AsyncCursor.fetchall", enter_fetchall, leave_cursor),
};
constexpr py::Target kConnects[] = {
    on(k2, "psycopg2:connect", enter_connect, leave_connection),
    on(k3, "psycopg:Connection.connect", enter_connect, leave_connection),
    on(kAsync3, "psycopg:AsyncConnection.connect", enter_connect, leave_connection),
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
