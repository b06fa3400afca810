#include "contrib/support/dbapi.h"

#include <limits>
#include <string>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/pin.h"
#include "contrib/support/side_table.h"
#include "contrib/support/sql_comment.h"
#include "contrib/support/step.h"
#include "core/events/event.h"
#include "core/events/sql.h"
#include "core/py/context.h"
#include "core/trace/tags.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

py::Name kArraySize("arraysize"), kAsString("as_string"), kConnection("connection"),
    kSqlQuery("query"), kRowCount("rowcount"), kRowNumber("rownumber"), kSize("size");

// While it is set, statements make no spans. It follows tasks and greenlets.
constinit py::ContextVariable silent("ddtrace_sql_silent");

// (host, port, database, user, application) of each living connection.
constinit SideTable places;
// Each living cursor's last statement; only when fetches are traced.
constinit SideTable statements;
// (text, alias, vendor) of cursors and connections that a framework is about to use.
constinit SideTable notes;
// Connections that are about to leave their `with` block.
constinit SideTable ending;

struct BlockEnd {
  explicit BlockEnd(py::Ref&& of) : connection(std::move(of)) {}
  py::Ref connection;
};

struct Statement {
  Statement(LiveSpan&& started, const SqlDriver& of, py::Handle on)
      : span(std::move(started)), driver(&of), self(on.share()), waits(of.waits) {}
  Statement(Statement&& other) noexcept
      : span(std::move(other.span)),
        driver(other.driver),
        self(std::move(other.self)),
        text(std::move(other.text)),
        silence(std::move(other.silence)),
        waits(other.waits) {}
  ~Statement() {
    if (span.open()) span.finish();
  }

  LiveSpan span;
  const SqlDriver* driver;
  py::Ref self;  // the cursor, or the connection
  py::Ref text;  // of the statement, when fetches are traced
  py::InForce silence;
  bool waits;  // to begin
};

const SqlDriver& driver_of(const py::Call& call) {
  return *static_cast<const SqlDriver*>(call.data());
}

Pin pin_of(const SqlFacts& facts, py::Handle self, py::Handle connection) {
  py::Ref owner;
  if (facts.pinned) owner = facts.pinned(connection);
  return Pin::of(owner ? py::Handle(owner) : connection ? connection : self);
}

Statement& start(const SqlDriver& driver, py::Handle self, py::Handle connection, py::Scope& scope,
                 tracing::SpanStart what) {
  const SqlFacts& facts = *driver.facts;
  const Pin pin = pins_expected() ? pin_of(facts, self, connection) : Pin();
  const std::string pinned = pin ? pin.service() : std::string();
  const KnownNames& names = (*driver.knobs)->names;
  std::string_view service = names.service.view(), source = names.source.view();
  if (!pinned.empty()) [[unlikely]] {
    const Named named = settings().naming.of_client(
        {.integration = facts.component, .fallback = facts.service, .own = pinned});
    service = named.service;
    source = facts.tells_mapping || named.before.empty() ? named.source : named.before;
    if (!facts.late_service) what.service = service;
  } else if (!facts.late_service) {
    what.known_service = names.service;
    what.known_source = names.source;
  }
  what.activate = !driver.waits;
  Statement& statement = scope.emplace<Statement>(LiveSpan::start(what), driver, self);
  if (statement.span) {
    trace::Span& span = statement.span.span();
    span.set_static((*driver.knobs)->common);
    if (facts.late_service)
      set_late_service(span, service, source);
    else if (what.service.data())
      span.set(tags::kServiceSource, source);
    tag_place(span, facts, connection);
    if (pin) pin.tag(span);
  }
  if (facts.nests && !driver.waits) statement.silence = py::InForce(silent, py::boolean(true));
  return statement;
}

// A text, an object that becomes one (psycopg's composed statements), or has one (asyncpg's
// prepared ones).
std::string text_of(py::Handle query, py::Handle self) {
  if (query.is_str() || query.is_bytes()) return query.text();
  const py::Ref text = query.call_method(kAsString, self);
  return text ? text.text() : query.attr(kSqlQuery).text();
}

py::Ref connection_of(const SqlFacts& facts, py::Handle cursor) {
  if (facts.is_connection) return cursor.share();
  if (!facts.place && !facts.tells_connection) return {};
  return cursor.attr(facts.connection ? *facts.connection : kConnection);
}

std::string_view noted_text(py::Handle note, std::string_view query) {
  const py::Handle text = PyTuple_GET_ITEM(note.ptr(), 0);
  return text.is_str() ? text.utf8() : query;
}

void tag_note(trace::Span& span, py::Handle note) {
  const py::Handle alias = PyTuple_GET_ITEM(note.ptr(), 1),
                   vendor = PyTuple_GET_ITEM(note.ptr(), 2);
  if (alias.is_str()) span.set(trace::Key("django.db.alias"), alias.utf8());
  if (vendor.is_str()) span.set(trace::Key("django.db.vendor"), vendor.utf8());
}

Statement* start_query(py::Call& call, py::Scope& scope, bool is_statement = true) {
  const SqlDriver& driver = driver_of(call);
  if (driver.facts->nests && silent.is_set()) return nullptr;
  const py::Name* name = driver.facts->statement;
  const py::Handle text = call.arg(0, name ? *name : kSqlQuery), self = call.self();
  std::string made;
  std::string_view query = text.utf8();
  if (query.empty() && text) query = made = text_of(text, self);
  const py::Ref connection = connection_of(*driver.facts, self);
  const py::Ref note = notes.empty() ? py::Ref() : notes.get(self);
  if (note) query = noted_text(note, query);
  Statement& statement = start(driver, self, connection, scope,
                               {.resource = query.data() ? query : std::string_view(""),
                                .type = "sql",
                                .measured = true,
                                .known_name = (*driver.knobs)->names.name});
  if (statement.span)
    events::emit<events::SqlStatement>([&] {
      return events::SqlStatement{driver.facts->component, driver.facts->system, query,
                                  statement.span.span()};
    });
  if (note && statement.span) tag_note(statement.span.span(), note);
  if ((*driver.knobs)->traces_fetches) statement.text = py::str(query);
  if (driver.facts->comments && is_statement && statement.span && comments_statements()) {
    py::Ref changed = commented(text, sql_comment(statement.span));
    if (changed) (void)call.replace_arg(0, name ? *name : kSqlQuery, std::move(changed));
  }
  return &statement;
}

void tell_rows(const Statement& statement, py::Handle cursor) {
  trace::Span& span = statement.span.span();
  const py::Ref rows = cursor.attr(kRowCount);
  constexpr long long kTooLarge = std::numeric_limits<long long>::min();
  const long long count = rows.is_int() ? rows.integer(kTooLarge) : -1;
  if (count == kTooLarge)  // pymysql: 2^64 - 1 is "not known yet"
    span.set(tags::kDbRowCount, rows.display());
  else
    span.set(tags::kDbRowCount, static_cast<std::int64_t>(count));
  if (statement.driver->facts->tells_row_number) {
    const py::Ref number = cursor.attr(kRowNumber);
    if (number.is_int())
      span.set(trace::Key("db.rownumber"), static_cast<std::int64_t>(number.integer()));
  }
}

void finish_statement(py::Outcome& outcome, Statement& statement, py::Handle cursor) {
  if (cursor && statement.text) statements.put(cursor, statement.text);
  statement.silence.end();
  if (!statement.span) return;
  if (statement.waits && outcome.abandoned()) return statement.span.forget();
  if (statement.driver->facts->tells_rows) tell_rows(statement, cursor);
  if (outcome.error) statement.span.fail(outcome.error);
  statement.span.finish();
}

Statement* start_fetch(py::Call& call, py::Scope& scope, std::string_view SqlFacts::*which) {
  const SqlDriver& driver = driver_of(call);
  if (driver.facts->nests && silent.is_set()) return nullptr;
  const py::Handle self = call.self();
  const py::Ref text = statements.get(self);
  if (!text) return nullptr;
  const py::Ref connection = connection_of(*driver.facts, self);
  return &start(driver, self, connection, scope,
                {.name = driver.facts->*which, .resource = text.utf8(), .type = "sql"});
}

void start_on_connection(py::Call& call, py::Scope& scope, std::string_view SqlFacts::*which) {
  const SqlDriver& driver = driver_of(call);
  if (!ending.empty() && ending.get(call.self())) return;
  const Statement& statement =
      start(driver, call.self(), call.self(), scope, {.name = driver.facts->*which});
  const py::Ref note = notes.empty() ? py::Ref() : notes.get(call.self());
  if (note && statement.span) tag_note(statement.span.span(), note);
}

}  // namespace

py::Ref remember_place(py::Handle connection, const SqlPlace& place) {
  const py::Ref nothing = py::none();
  const auto part = [&](const py::Ref& value) -> py::Handle { return value ? value : nothing; };
  const py::Handle parts[] = {part(place.host), part(place.port), part(place.database),
                              part(place.user), part(place.application)};
  py::Ref known = py::tuple(parts);
  places.put(connection, known);
  return known;
}

void tag_place(trace::Span& span, const SqlFacts& facts, py::Handle connection) {
  if (!connection) return;
  py::Ref known = places.get(connection);
  if (!known && facts.place) known = remember_place(connection, facts.place(connection));
  if (!known) return;
  const py::Handle host = PyTuple_GET_ITEM(known.ptr(), 0), port = PyTuple_GET_ITEM(known.ptr(), 1);
  if (host.is_str()) {
    span.set(tags::kOutHost, host.utf8());
    span.set(tags::kServerAddress, host.utf8());
  }
  if (port.is_int()) span.set(tags::kDestinationPort, static_cast<std::int64_t>(port.integer()));
  int at = 2;
  for (const trace::Key* key : {&tags::kDbName, &tags::kDbUser, &tags::kDbApplication}) {
    const py::Handle value = PyTuple_GET_ITEM(known.ptr(), at++);
    if (value.is_str()) span.set(*key, value.utf8());
  }
}

void note_statement(py::Handle cursor, const StatementNote& note) {
  const py::Ref nothing = py::none();
  const auto part = [&](py::Handle value) { return value ? value : py::Handle(nothing); };
  const py::Handle parts[] = {part(note.text), part(note.alias), part(note.vendor)};
  notes.put(cursor, py::tuple(parts));
}

bool is_noted(py::Handle cursor) { return !notes.empty() && notes.get(cursor); }

void forget_note(py::Handle cursor) { notes.remove(cursor); }

const SqlKnobs* sql_knobs(const Settings& from, const SqlFacts& facts) {
  std::string own = from.own_service(facts.component);
  KnownNames names = known_client(
      from, facts.query, {.integration = facts.component, .fallback = facts.service, .own = own});
  if (!facts.tells_mapping && names.before.present()) names.source = names.before;
  return new SqlKnobs{.own_service = std::move(own),
                      .traces_fetches = from.knob(facts.component, "TRACE_FETCH_METHODS", false),
                      .traces_connects = from.knob(facts.component, "TRACE_CONNECT", false),
                      .names = names,
                      .common = {{tags::kComponent, trace::Text(facts.component)},
                                 {tags::kDbSystem, trace::Text(facts.system)},
                                 {tags::kSpanKind, trace::Text("client")}}};
}

void begin_statement(py::Scope& scope) {
  Statement* statement = scope.get<Statement>();
  if (!statement || !statement->span) return;
  statement->waits = false;
  tracing::activate(statement->span.object());
  if (statement->driver->facts->nests) statement->silence = py::InForce(silent, py::boolean(true));
}

void enter_execute(py::Call& call, py::Scope& scope) { start_query(call, scope); }

void enter_uncommented(py::Call& call, py::Scope& scope) { start_query(call, scope, false); }

void enter_executemany(py::Call& call, py::Scope& scope) {
  const Statement* statement = start_query(call, scope);
  if (statement && statement->span)
    statement->span.span().set_static(tags::kSqlExecuteMany, "true");
}

void leave_cursor(py::Outcome& outcome, py::Scope& scope) {
  if (Statement* statement = scope.get<Statement>())
    finish_statement(outcome, *statement, statement->self);
}

void enter_fetchone(py::Call& call, py::Scope& scope) {
  start_fetch(call, scope, &SqlFacts::fetchone);
}

void enter_fetchmany(py::Call& call, py::Scope& scope) {
  const Statement* statement = start_fetch(call, scope, &SqlFacts::fetchmany);
  if (!statement || !statement->span) return;
  const py::Handle asked = call.arg(0, kSize);
  const py::Ref size = asked ? asked.share() : call.self().attr(kArraySize);
  if (size.is_int())
    statement->span.span().set(tags::kDbFetchSize, static_cast<std::int64_t>(size.integer()));
}

void enter_fetchall(py::Call& call, py::Scope& scope) {
  start_fetch(call, scope, &SqlFacts::fetchall);
}

void enter_connection_execute(py::Call& call, py::Scope& scope) { start_query(call, scope); }

void leave_connection_execute(py::Outcome& outcome, py::Scope& scope) {
  if (Statement* statement = scope.get<Statement>())
    finish_statement(outcome, *statement, outcome.result);
}

py::Handle connection_of(py::Scope& scope) {
  const Statement* statement = scope.get<Statement>();
  return statement ? py::Handle(statement->self) : py::Handle();
}

void forget_statement(py::Scope& scope) {
  if (Statement* statement = scope.get<Statement>()) statement->span.forget();
}

void enter_commit(py::Call& call, py::Scope& scope) {
  start_on_connection(call, scope, &SqlFacts::commit);
}

void enter_rollback(py::Call& call, py::Scope& scope) {
  start_on_connection(call, scope, &SqlFacts::rollback);
}

void enter_outer_execute(py::Call& call, py::Scope& scope) {
  start_on_connection(call, scope, &SqlFacts::execute);
}

void leave_connection(py::Outcome& outcome, py::Scope& scope) {
  Statement* statement = scope.get<Statement>();
  if (!statement || !statement->span) return;
  if (statement->waits && outcome.abandoned()) return statement->span.forget();
  if (outcome.error) statement->span.fail(outcome.error);
  statement->span.finish();
}

void enter_connect(py::Call& call, py::Scope& scope) {
  const SqlDriver& driver = driver_of(call);
  start(driver, {}, {}, scope, {.name = driver.facts->connect, .type = "sql", .measured = true});
}

void enter_silent(py::Call&, py::Scope& scope) {
  scope.emplace<py::InForce>(silent, py::boolean(true));
}

void enter_block_end(py::Call& call, py::Scope& scope) {
  ending.put(call.self(), py::none());
  scope.emplace<BlockEnd>(call.self().share());
}

void leave_block_end(py::Outcome&, py::Scope& scope) {
  if (const BlockEnd* block = scope.get<BlockEnd>()) ending.remove(block->connection);
}

}  // namespace dd::contrib
