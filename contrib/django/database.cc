// Each statement of a database of Django's says which one it is for.

#include "contrib/django/database.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "contrib/support/dbapi.h"
#include "contrib/support/sql_comment.h"
#include "contrib/support/step.h"
#include "contrib/support/terms.h"
#include "core/trace/tags.h"

namespace dd::contrib::django::database {
namespace {

Name kAlias("alias"), kConnection("connection"), kCursor("cursor"), kDatabase("Database"),
    kDb("db"), kHost("HOST"), kDatabaseName("NAME"), kPlainName("__name__"), kPort("PORT"),
    kProcedure("procname"), kRowCount("rowcount"), kSettingsDict("settings_dict"), kSql("sql"),
    kSqliteQuery("query"), kUser("USER"), kVendor("vendor");

constexpr std::string_view kComponent = "django-database";
constexpr trace::Key kAliasTag("django.db.alias"), kVendorTag("django.db.vendor");

struct Wishes {
  bool wanted = false;
  std::string service, prefix;
};
constinit const Wishes* wishes = nullptr;

// The integrations of the modules that Django's backends load.
struct Driver {
  std::string_view module, integration;
};
constexpr Driver kDrivers[] = {{"sqlite3", "sqlite3"},  {"psycopg", "psycopg"},
                               {"psycopg2", "psycopg"}, {"MySQLdb", "mysqldb"},
                               {"pymysql", "pymysql"},  {"mysql.connector", "mysql"}};

bool driver_is_traced(Handle connection) {
  const Ref name = connection.attr(kDatabase).attr(kPlainName);
  std::string_view module = name.utf8();
  if (module == "sqlite3.dbapi2") module = "sqlite3";
  for (const Driver& driver : kDrivers)
    if (module == driver.module) return settings().on(driver.integration, true);
  return false;
}

// The driver's own cursor.
Ref innermost(Handle wrapper) {
  Ref cursor = wrapper.attr(kCursor);
  if (Ref inside = cursor.attr(kCursor); inside && !inside.is_none() && !inside.is_callable())
    return inside;
  return cursor;
}

void set_text(trace::Span& span, const trace::Key& key, Handle value) {
  if (value && !value.is_none()) span.set(key, value.text());
}

void tag_database(trace::Span& span, Handle connection) {
  const Ref from = connection.attr(kSettingsDict);
  const Ref host = from.item(kHost), port = from.item(kPort);
  set_text(span, tags::kDbName, from.item(kDatabaseName));
  set_text(span, tags::kDbUser, from.item(kUser));
  set_text(span, tags::kOutHost, host);
  set_text(span, tags::kServerAddress, host);
  const std::string number = port.text();
  const bool is_number = !number.empty() && number.size() < 6 &&
                         number.find_first_not_of("0123456789") == std::string::npos;
  if (is_number)
    span.set(tags::kDestinationPort, static_cast<std::int64_t>(std::stoll(number)));
  else
    set_text(span, tags::kDestinationPort, port);
}

// Django's own span of a statement.
void start_own(Call& call, Scope& scope, Handle connection, Handle alias, Handle vendor,
               const Name& argument, bool is_statement) {
  const std::string fallback = wishes->prefix + alias.text() + "db";
  const Settings& all = settings();
  Named named = all.naming.of_client(
      {.integration = kComponent, .fallback = fallback, .own = wishes->service});
  if (named.service == fallback) named.source = "m";
  const std::string system = vendor.utf8() == "postgresql" ? "postgres" : vendor.text();
  const Handle text = call.arg(0, argument);
  const std::string statement = text.text();
  const tracing::LiveSpan& live = start_step(scope, {.name = system + ".query",
                                                     .component = kComponent,
                                                     .service = named.service,
                                                     .source = named.source,
                                                     .resource = statement,
                                                     .type = "sql",
                                                     .kind = "client",
                                                     .measured = true,
                                                     .keeps = call.self()});
  if (!live) return;
  trace::Span& span = live.span();
  tag_database(span, connection);
  span.set(kAliasTag, alias.text());
  span.set(kVendorTag, vendor.text());
  if (!is_statement || !comments_statements()) return;
  if (Ref changed = commented(text, sql_comment(live)))
    (void)call.replace_arg(0, argument, std::move(changed));
}

struct Noted {
  explicit Noted(Ref&& of) : cursor(std::move(of)) {}
  Noted(Noted&& other) noexcept : cursor(std::move(other.cursor)) {}
  ~Noted() {
    if (cursor) forget_note(cursor);
  }
  Ref cursor;
};

void enter(Call& call, Scope& scope, const Name& argument, bool is_statement = true) {
  const Ref connection = call.self().attr(kDb);
  const Ref alias = connection.attr(kAlias), vendor = connection.attr(kVendor);
  if (!alias.is_str() || !vendor.is_str()) return;
  const bool traced = driver_is_traced(connection);
  // MySQL's cursors are wrapped once more: there both have a span.
  const bool both = vendor.utf8() == "mysql";
  if (!traced || both) start_own(call, scope, connection, alias, vendor, argument, is_statement);
  if (!traced) return;
  Ref cursor = innermost(call.self());
  note_statement(cursor, {.text = call.arg(0, argument), .alias = alias, .vendor = vendor});
  if (!both) scope.emplace<Noted>(std::move(cursor));
}

void enter_execute(Call& call, Scope& scope) { enter(call, scope, kSql); }
void enter_executemany(Call& call, Scope& scope) {
  enter(call, scope, kSql);
  if (const tracing::LiveSpan* live = step_of(scope))
    live->span().set_static(tags::kSqlExecuteMany, "true");
}
void enter_callproc(Call& call, Scope& scope) { enter(call, scope, kProcedure, false); }

void leave(Outcome& outcome, Scope& scope) {
  if (const tracing::LiveSpan* live = step_of(scope)) {
    const Ref cursor = innermost(kept_of(scope)), rows = cursor.attr(kRowCount);
    if (is_noted(cursor)) forget_note(cursor);
    live->span().set(tags::kDbRowCount, static_cast<std::int64_t>(rows.integer(-1)));
  }
  finish_step(outcome, scope);
}

void enter_end(Call& call, Scope& scope) {
  const Ref alias = call.self().attr(kAlias), vendor = call.self().attr(kVendor);
  Ref connection = call.self().attr(kConnection);
  if (!connection || connection.is_none()) return;
  note_statement(connection, {.alias = alias, .vendor = vendor});
  scope.emplace<Noted>(std::move(connection));
}
void leave_noted(Outcome&, Scope& scope) { scope.reset(); }

// What is executed has other placeholders than what was asked for.
void enter_sqlite(Call& call, Scope& scope) {
  const Handle cursor = call.self();
  if (is_noted(cursor)) return;
  note_statement(cursor, {.text = call.arg(0, kSqliteQuery)});
  scope.emplace<Noted>(cursor.share());
}

}  // namespace

constexpr py::Target kTargets[5] = {
    {.where = "django.db.backends.utils:CursorWrapper.execute",
     .enter = enter_execute,
     .leave = leave},
    {.where = "django.db.backends.utils:CursorWrapper.executemany",
     .enter = enter_executemany,
     .leave = leave},
    {.where = "django.db.backends.utils:CursorWrapper.callproc",
     .enter = enter_callproc,
     .leave = leave},
    {.where = "django.db.backends.base.base:BaseDatabaseWrapper._commit",
     .enter = enter_end,
     .leave = leave_noted},
    {.where = "django.db.backends.base.base:BaseDatabaseWrapper._rollback",
     .enter = enter_end,
     .leave = leave_noted},
};
constexpr py::Target kSqliteTargets[2] = {
    {.where = "django.db.backends.sqlite3.base:SQLiteCursorWrapper.execute",
     .enter = enter_sqlite,
     .leave = leave_noted,
     .optional = true},
    {.where = "django.db.backends.sqlite3.base:SQLiteCursorWrapper.executemany",
     .enter = enter_sqlite,
     .leave = leave_noted,
     .optional = true},
};

bool wanted() { return wishes->wanted; }

void prepare(const Settings& from, bool by_default) {
  wishes = new Wishes{
      .wanted = from.knob("django", "INSTRUMENT_DATABASES", by_default),
      .service = from.text("DD_DJANGO_DATABASE_SERVICE").value_or(std::string()),
      .prefix = from.text("DD_DJANGO_DATABASE_SERVICE_NAME_PREFIX").value_or(std::string())};
}

}  // namespace dd::contrib::django::database
