#include "contrib/support/dbapi.h"

#include <string>
#include <utility>

#include "contrib/support/integration.h"
#include "core/trace/tags.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

namespace tags = trace::tags;
using tracing::LiveSpan;

py::Name kRowCount("rowcount");

thread_local int silent = 0;

struct Silence {
  Silence() { ++silent; }
  Silence(Silence&&) noexcept { ++silent; }  // the one moved from is dropped as well
  ~Silence() { --silent; }
};

struct Statement {
  Statement(LiveSpan&& started, py::Handle on) : span(std::move(started)), cursor(on) {}
  Statement(Statement&& other) noexcept : span(std::move(other.span)), cursor(other.cursor) {}
  ~Statement() {
    if (span && !span.span().finished()) span.finish();
  }

  LiveSpan span;
  py::Handle cursor;  // the call's own argument: it outlives the scope of a call
};

Named service_of(const SqlDriver& driver) {
  return settings().naming.of_client({.integration = driver.facts->component,
                                      .fallback = driver.facts->component,
                                      .own = (*driver.knobs)->own_service});
}

Statement& start(const SqlDriver& driver, py::Handle on, py::Scope& scope,
                 const tracing::SpanStart& what, const Named& named) {
  Statement& statement = scope.emplace<Statement>(LiveSpan::start(what), on);
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

Statement* start_query(py::Call& call, py::Scope& scope) {
  if (silent > 0) return nullptr;
  const SqlDriver& driver = *static_cast<const SqlDriver*>(call.data());
  const py::Handle text = call.arg(0);
  std::string copied;
  std::string_view query = text.utf8();
  if (query.empty() && text.is_str()) query = copied = text.text();  // lone surrogates
  const Named named = service_of(driver);
  return &start(driver, call.self(), scope,
                {.name = settings().naming.operation(driver.facts->query),
                 .service = named.service,
                 .resource = query.data() ? query : std::string_view(""),
                 .type = "sql",
                 .measured = true},
                named);
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
  const Statement* statement = scope.get<Statement>();
  if (!statement || !statement->span) return;
  const py::Ref rows = statement->cursor.attr(kRowCount);
  if (rows.is_int())
    statement->span.span().set(tags::kDbRowCount, static_cast<std::int64_t>(rows.integer()));
  if (outcome.error) statement->span.fail(outcome.error);
  statement->span.finish();
}

// Some versions of a driver run the cursor's method below this one: it is silent then.
void enter_connection_execute(py::Call& call, py::Scope& scope) {
  start_query(call, scope);
  if (scope.get<Statement>()) ++silent;
}

void leave_connection_execute(py::Outcome& outcome, py::Scope& scope) {
  Statement* statement = scope.get<Statement>();
  if (!statement) return;
  --silent;
  statement->cursor = outcome.result;
  if (!outcome.result && statement->span)
    statement->span.span().set(tags::kDbRowCount, std::int64_t{-1});
  leave_cursor(outcome, scope);
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

void enter_silent(py::Call&, py::Scope& scope) { scope.emplace<Silence>(); }

}  // namespace dd::contrib
