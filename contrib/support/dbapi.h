// Shared engine of every SQL driver: one span a statement, with its row count.
//
// The hooks sit on the methods of the driver's own types: there are no proxies, so every check of a
// type or an identity, in Python or in C, sees what it would see without us.
//
// GIL held; nothing here raises.

#pragma once

#include <string>
#include <string_view>

#include "contrib/rules/settings.h"
#include "contrib/support/known_names.h"
#include "core/py/hook.h"
#include "core/trace/span.h"

namespace dd::contrib {

// Where a connection leads; empty for what is not known. A port is an int.
struct SqlPlace {
  py::Ref host{}, port{}, database{}, user{}, application{};
};

// The names in SqlFacts that follow from those of its statements and connections.
#define DD_SQL_NAMES(query_name, connection_name)                               \
  .commit = connection_name ".commit", .rollback = connection_name ".rollback", \
  .fetchone = query_name ".fetchone", .fetchmany = query_name ".fetchmany",     \
  .fetchall = query_name ".fetchall"

struct SqlFacts {                                      // of a driver, immutable
  std::string_view component;                          // "sqlite": also its section of the settings
  std::string_view service;                            // of schema v0
  std::string_view system;                             // db.system
  Operation query;                                     // "sqlite.query"
  std::string_view commit, rollback;                   // "sqlite.connection.commit"
  std::string_view fetchone, fetchmany, fetchall;      // "sqlite.query.fetchone"
  std::string_view connect{}, execute{};               // where these have spans of their own
  SqlPlace (*place)(py::Handle connection) = nullptr;  // asked once a connection; null: nowhere
  const py::Name* connection = nullptr;                // of a cursor; null: "connection"
  const py::Name* statement = nullptr;                 // the argument's name; null: "query"
  bool tells_connection = false;  // its places were remembered, there is nothing to ask
  py::Ref (*pinned)(py::Handle connection) = nullptr;  // what its pin is on; null: itself
  bool nests = false;  // methods of its cursors call each other: the outermost has the span
  bool tells_rows = true, tells_row_number = false;
  bool comments = false;       // its statements are told whose they are (sql_comment.h)
  bool late_service = false;   // as in a Step
  bool tells_mapping = false;  // a mapped service's source says so, not what it was mapped from
  bool is_connection = false;  // what the hooked methods belong to: there are no cursors
};

struct SqlKnobs {  // of a driver, from its settings
  std::string own_service;
  bool traces_fetches = false, traces_connects = false;
  KnownNames names{};          // of its statements; the service is that of all its spans
  trace::StaticTag common[3];  // of all its spans
};
// Lives for ever.
const SqlKnobs* sql_knobs(const Settings& settings, const SqlFacts& facts);

struct SqlDriver {  // data of a target
  const SqlFacts* facts;
  const SqlKnobs* const* knobs;
  bool waits = false;    // coroutines: begin_statement() is their targets' `begin`
  bool optional = true;  // some versions lack its classes
};
void begin_statement(py::Scope& scope);

// A row of a driver's table of targets.
constexpr py::Target on_sql(const SqlDriver& driver, const char* where, py::Enter enter,
                            py::Leave leave) {
  return {.where = where,
          .enter = enter,
          .leave = leave,
          .kind = driver.waits ? py::Kind::kAwaitable : py::Kind::kCall,
          .optional = driver.optional,
          .data = &driver,
          .begin = driver.waits ? begin_statement : nullptr};
}
// The rows of a class by its path, "module:Class".
#define DD_SQL_CURSOR(driver, path)                                                        \
  ::dd::contrib::on_sql(driver, path ".execute", ::dd::contrib::enter_execute,             \
                        ::dd::contrib::leave_cursor),                                      \
      ::dd::contrib::on_sql(driver, path ".executemany", ::dd::contrib::enter_executemany, \
                            ::dd::contrib::leave_cursor)
#define DD_SQL_PROCEDURES(driver, path)                                             \
  ::dd::contrib::on_sql(driver, path ".callproc", ::dd::contrib::enter_uncommented, \
                        ::dd::contrib::leave_cursor)
#define DD_SQL_CONNECTION(driver, path)                                              \
  ::dd::contrib::on_sql(driver, path ".commit", ::dd::contrib::enter_commit,         \
                        ::dd::contrib::leave_connection),                            \
      ::dd::contrib::on_sql(driver, path ".rollback", ::dd::contrib::enter_rollback, \
                            ::dd::contrib::leave_connection)
#define DD_SQL_FETCHES(driver, path)                                                   \
  ::dd::contrib::on_sql(driver, path ".fetchone", ::dd::contrib::enter_fetchone,       \
                        ::dd::contrib::leave_cursor),                                  \
      ::dd::contrib::on_sql(driver, path ".fetchmany", ::dd::contrib::enter_fetchmany, \
                            ::dd::contrib::leave_cursor),                              \
      ::dd::contrib::on_sql(driver, path ".fetchall", ::dd::contrib::enter_fetchall,   \
                            ::dd::contrib::leave_cursor)

// What a connection does not tell by itself.
py::Ref remember_place(py::Handle connection, const SqlPlace& place);
void tag_place(trace::Span& span, const SqlFacts& facts, py::Handle connection);

// What a framework above the driver says of what a cursor executes, or a connection does, next.
struct StatementNote {
  py::Handle text{};             // as the application wrote it, when the driver gets another one
  py::Handle alias{}, vendor{};  // of Django's database
};
void note_statement(py::Handle cursor, const StatementNote& note);
bool is_noted(py::Handle cursor);
void forget_note(py::Handle cursor);

// Of a cursor:
void enter_execute(py::Call& call, py::Scope& scope);
void enter_executemany(py::Call& call, py::Scope& scope);
void enter_uncommented(py::Call& call, py::Scope& scope);  // a procedure's name, not a statement
void leave_cursor(py::Outcome& outcome, py::Scope& scope);
// Only when fetches are traced; they are called like the last statement of their cursor. A cursor
// that the driver filled by itself has none, and no spans.
void enter_fetchone(py::Call& call, py::Scope& scope);
void enter_fetchmany(py::Call& call, py::Scope& scope);
void enter_fetchall(py::Call& call, py::Scope& scope);
// Of a connection that does not call a hooked method of a cursor; the cursor is its result:
void enter_connection_execute(py::Call& call, py::Scope& scope);
void leave_connection_execute(py::Outcome& outcome, py::Scope& scope);
py::Handle connection_of(py::Scope& scope);  // that the statement was given to
void forget_statement(py::Scope& scope);     // it was refused before it became one
// Of a connection, with spans of their own:
void enter_commit(py::Call& call, py::Scope& scope);
void enter_rollback(py::Call& call, py::Scope& scope);
void enter_outer_execute(py::Call& call, py::Scope& scope);
void leave_connection(py::Outcome& outcome, py::Scope& scope);
// Of the driver; only when connects are traced:
void enter_connect(py::Call& call, py::Scope& scope);
// What the call asks of cursors makes no spans, where their methods nest: iteration by fetches.
void enter_silent(py::Call& call, py::Scope& scope);
// The connection's own commit and rollback at the end of a block make no spans.
void enter_block_end(py::Call& call, py::Scope& scope);
void leave_block_end(py::Outcome& outcome, py::Scope& scope);

}  // namespace dd::contrib
