#include "contrib/support/dbapi.h"

#include <string>
#include <utility>

#include "contrib/support/integration.h"
#include "core/py/context.h"
#include "core/trace/tags.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

namespace tags = trace::tags;
using tracing::LiveSpan;

py::Name kArraySize("arraysize"), kRowCount("rowcount"), kSize("size");

// While it is set, statements make no spans. Drivers that wait in Python let other greenlets and
// tasks run meanwhile.
constinit py::ContextVariable silent("ddtrace_sql_silent");

struct Statement {
  Statement(LiveSpan&& started, const SqlDriver& of, py::Handle on)
      : span(std::move(started)), driver(&of), self(on.share()) {}
  Statement(Statement&& other) noexcept
      : span(std::move(other.span)),
        driver(other.driver),
        self(std::move(other.self)),
        text(std::move(other.text)),
        silence(std::move(other.silence)) {}
  ~Statement() {
    if (span.open()) span.finish();
  }

  LiveSpan span;
  const SqlDriver* driver;
  py::Ref self;  // the cursor, or the connection
  py::Ref text;  // of the statement, when fetches are traced
  py::InForce silence;
};

Named service_of(const SqlDriver& driver) {
  return settings().naming.of_client({.integration = driver.facts->component,
                                      .fallback = driver.facts->component,
                                      .own = (*driver.knobs)->own_service});
}

Statement& start(const SqlDriver& driver, py::Handle on, py::Scope& scope,
                 const tracing::SpanStart& what, const Named& named) {
  Statement& statement = scope.emplace<Statement>(LiveSpan::start(what), driver, on);
  if (statement.span) {
    trace::Span& span = statement.span.span();
    span.set_static(tags::kComponent, driver.facts->component);
    span.set_static(tags::kDbSystem, driver.facts->system);
    span.set_static(tags::kSpanKind, "client");
    // A mapped service still names the integration it came from.
    span.set(tags::kServiceSource,
             named.source == "opt.service_mapping" ? driver.facts->component : named.source);
  }
  return statement;
}

// The last statement of each living cursor, as (weak reference, text) by the cursor's address; made
// only when fetches are traced.
constinit PyObject* last_statements = nullptr;

PyObject* forget_cursor(PyObject* address, PyObject*) {
  (void)py::Handle(last_statements).delete_item(address);
  return Py_NewRef(Py_None);
}
constinit PyMethodDef forget = {"forget", forget_cursor, METH_O, nullptr};

void remember_statement(py::Handle cursor, py::Handle text) {
  if (!last_statements) last_statements = py::dict().release();
  const py::Ref address = py::unsigned_integer(reinterpret_cast<std::uintptr_t>(cursor.ptr()));
  const py::Ref forgets = py::Ref::steal(PyCFunction_New(&forget, address.ptr()));
  const py::Ref weak = py::Ref::steal(PyWeakref_NewRef(cursor.ptr(), forgets.ptr()));
  if (!weak) return py::swallow_error();
  const py::Handle row[] = {weak, text};
  (void)py::Handle(last_statements).set_item(address, py::tuple(row));
}

py::Ref last_statement(py::Handle cursor) {
  const py::Ref address = py::unsigned_integer(reinterpret_cast<std::uintptr_t>(cursor.ptr()));
  return py::Handle(last_statements).item(address).item(Py_ssize_t{1});
}

Statement& start_fetch(py::Call& call, py::Scope& scope, std::string_view SqlFacts::*which) {
  const SqlDriver& driver = *static_cast<const SqlDriver*>(call.data());
  const Named named = service_of(driver);
  const py::Ref text = last_statement(call.self());
  return start(driver, call.self(), scope,
               {.name = driver.facts->*which,
                .service = named.service,
                .resource = text.is_str() ? text.utf8() : std::string_view(""),
                .type = "sql"},
               named);
}

Statement* start_query(py::Call& call, py::Scope& scope) {
  if (silent.is_set()) return nullptr;
  const SqlDriver& driver = *static_cast<const SqlDriver*>(call.data());
  const py::Handle text = call.arg(0);
  std::string copied;
  std::string_view query = text.utf8();
  if (query.empty() && text.is_str()) query = copied = text.text();  // lone surrogates
  const Named named = service_of(driver);
  Statement& statement = start(driver, call.self(), scope,
                               {.name = settings().naming.operation(driver.facts->query),
                                .service = named.service,
                                .resource = query.data() ? query : std::string_view(""),
                                .type = "sql",
                                .measured = true},
                               named);
  if ((*driver.knobs)->traces_fetches) statement.text = text.share();
  return &statement;
}

void finish_statement(py::Outcome& outcome, const Statement& statement, py::Handle cursor) {
  if (cursor && statement.text) remember_statement(cursor, statement.text);
  if (!statement.span) return;
  trace::Span& span = statement.span.span();
  const py::Ref rows = cursor.attr(kRowCount);
  span.set(tags::kDbRowCount, static_cast<std::int64_t>(rows.is_int() ? rows.integer() : -1));
  if (outcome.error) statement.span.fail(outcome.error);
  statement.span.finish();
}

void start_transaction_end(py::Call& call, py::Scope& scope, std::string_view SqlFacts::*which) {
  const SqlDriver& driver = *static_cast<const SqlDriver*>(call.data());
  const Named named = service_of(driver);
  start(driver, {}, scope, {.name = driver.facts->*which, .service = named.service}, named);
}

}  // namespace

SqlKnobs sql_knobs(const Settings& from, std::string_view section) {
  return {.own_service = from.own_service(section),
          .traces_fetches = from.knob(section, "TRACE_FETCH_METHODS", false)};
}

void enter_execute(py::Call& call, py::Scope& scope) { start_query(call, scope); }

void enter_executemany(py::Call& call, py::Scope& scope) {
  const Statement* statement = start_query(call, scope);
  if (statement && statement->span)
    statement->span.span().set_static(tags::kSqlExecuteMany, "true");
}

void leave_cursor(py::Outcome& outcome, py::Scope& scope) {
  if (const Statement* statement = scope.get<Statement>())
    finish_statement(outcome, *statement, statement->self);
}

void enter_fetchone(py::Call& call, py::Scope& scope) {
  start_fetch(call, scope, &SqlFacts::fetchone);
}

void enter_fetchmany(py::Call& call, py::Scope& scope) {
  const Statement& statement = start_fetch(call, scope, &SqlFacts::fetchmany);
  if (!statement.span) return;
  const py::Handle asked = call.arg(0, kSize);
  const py::Ref size = asked ? asked.share() : call.self().attr(kArraySize);
  if (size.is_int())
    statement.span.span().set(tags::kDbFetchSize, static_cast<std::int64_t>(size.integer()));
}

void enter_fetchall(py::Call& call, py::Scope& scope) {
  start_fetch(call, scope, &SqlFacts::fetchall);
}

// Some versions of a driver run the cursor's method below this one: it is silent then.
void enter_connection_execute(py::Call& call, py::Scope& scope) {
  start_query(call, scope);
  if (Statement* statement = scope.get<Statement>())
    statement->silence = py::InForce(silent, py::boolean(true));
}

void leave_connection_execute(py::Outcome& outcome, py::Scope& scope) {
  Statement* statement = scope.get<Statement>();
  if (!statement) return;
  statement->silence.end();
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
  start_transaction_end(call, scope, &SqlFacts::commit);
}

void enter_rollback(py::Call& call, py::Scope& scope) {
  start_transaction_end(call, scope, &SqlFacts::rollback);
}

void leave_connection(py::Outcome& outcome, py::Scope& scope) {
  const Statement* statement = scope.get<Statement>();
  if (!statement || !statement->span) return;
  if (outcome.error) statement->span.fail(outcome.error);
  statement->span.finish();
}

void enter_silent(py::Call&, py::Scope& scope) {
  scope.emplace<py::InForce>(silent, py::boolean(true));
}

}  // namespace dd::contrib
