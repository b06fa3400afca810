// sqlite3: one span a statement, commit and rollback.
//
// The commit of `with connection:` is a call inside C and makes no span.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"
#include "core/py/compat/compat.h"

namespace dd::contrib::sqlite3 {
namespace {

Name kTotalChanges("total_changes");

constexpr SqlFacts kFacts = {.component = "sqlite",
                             .service = "sqlite",
                             .system = "sqlite",
                             .query = {"sqlite.query", "sqlite.query"},
                             DD_SQL_NAMES("sqlite.query", "sqlite.connection"),
                             .nests = py::compat::kSqliteCallsItself};
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver kDriver = {&kFacts, &knobs, false, false};

void prepare(const Settings& from) { knobs = sql_knobs(from, kFacts); }

// A closed connection has no cursor that could execute anything.
void leave_execute(Outcome& outcome, Scope& scope) {
  if (outcome.error && !connection_of(scope).attr(kTotalChanges)) forget_statement(scope);
  leave_connection_execute(outcome, scope);
}

constexpr const char* kModules[] = {"sqlite3"};
constexpr py::Target kTargets[] = {
    DD_SQL_CURSOR(kDriver, "sqlite3:Cursor"),
    on_sql(kDriver, "sqlite3:Connection.execute", enter_connection_execute, leave_execute),
    DD_SQL_CONNECTION(kDriver, "sqlite3:Connection"),
};
constexpr py::Target kFetches[] = {DD_SQL_FETCHES(kDriver, "sqlite3:Cursor")};

// What makes no span calls what does, where it calls it by name.
constexpr py::Target silent(const char* where) { return {.where = where, .enter = enter_silent}; }
constexpr py::Target kOuter[] = {
    silent("sqlite3:Cursor.executescript"), silent("sqlite3:Connection.executescript"),
    silent("sqlite3:Connection.executemany"), silent("sqlite3:Connection.__exit__")};

constexpr Extra kExtras[] = {{kFetches, [] { return knobs->traces_fetches; }},
                             {kOuter, [] { return py::compat::kSqliteCallsItself; }}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "sqlite3",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare,
                                     .extras = kExtras};

}  // namespace dd::contrib::sqlite3
