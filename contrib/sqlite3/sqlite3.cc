// sqlite3: one span a statement, commit and rollback.
//
// The commit of `with connection:` is a call inside C and makes no span.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"

namespace dd::contrib::sqlite3 {
namespace {

py::Name kTotalChanges("total_changes");

constexpr SqlFacts kFacts = {.component = "sqlite",
                             .service = "sqlite",
                             .system = "sqlite",
                             .query = {"sqlite.query", "sqlite.query"},
                             .commit = "sqlite.connection.commit",
                             .rollback = "sqlite.connection.rollback",
                             .fetchone = "sqlite.query.fetchone",
                             .fetchmany = "sqlite.query.fetchmany",
                             .fetchall = "sqlite.query.fetchall"};
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver kDriver = {&kFacts, &knobs};

void prepare(const Settings& from) { knobs = new SqlKnobs(sql_knobs(from, "sqlite")); }

// A closed connection has no cursor that could execute anything.
void leave_execute(py::Outcome& outcome, py::Scope& scope) {
  if (outcome.error && !connection_of(scope).attr(kTotalChanges)) forget_statement(scope);
  leave_connection_execute(outcome, scope);
}

constexpr const char* kModules[] = {"sqlite3"};
constexpr py::Target kTargets[] = {
    {.where = "sqlite3:Cursor.execute",
     .enter = enter_execute,
     .leave = leave_cursor,
     .data = &kDriver},
    {.where = "sqlite3:Cursor.executemany",
     .enter = enter_executemany,
     .leave = leave_cursor,
     .data = &kDriver},
    {.where = "sqlite3:Connection.execute",
     .enter = enter_connection_execute,
     .leave = leave_execute,
     .data = &kDriver},
    {.where = "sqlite3:Connection.commit",
     .enter = enter_commit,
     .leave = leave_connection,
     .data = &kDriver},
    {.where = "sqlite3:Connection.rollback",
     .enter = enter_rollback,
     .leave = leave_connection,
     .data = &kDriver},
};
constexpr py::Target kFetches[] = {
    {.where = "sqlite3:Cursor.fetchone",
     .enter = enter_fetchone,
     .leave = leave_cursor,
     .data = &kDriver},
    {.where = "sqlite3:Cursor.fetchmany",
     .enter = enter_fetchmany,
     .leave = leave_cursor,
     .data = &kDriver},
    {.where = "sqlite3:Cursor.fetchall",
     .enter = enter_fetchall,
     .leave = leave_cursor,
     .data = &kDriver},
};

constexpr Extra kExtras[] = {{kFetches, [] { return knobs->traces_fetches; }}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "sqlite3",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare,
                                     .extras = kExtras};

}  // namespace dd::contrib::sqlite3
