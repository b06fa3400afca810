// sqlalchemy: one span a statement that an engine executes, around those of the driver.
//
// The statements by which a dialect gets to know a new database go through a bare connection and
// have no spans.

#include <string>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/trace/tags.h"

namespace dd::contrib::sqlalchemy {
namespace {

Name kConnection("connection"), kContext("context"), kDatabase("database"), kEngine("engine"),
    kHost("host"), kName("name"), kPort("port"), kRoot("root_connection"), kRowCount("rowcount"),
    kUrl("url");

std::string_view vendor_of(std::string_view dialect) {
  return dialect.starts_with("postgres") ? "postgres" : dialect;
}

void tag_url(trace::Span& span, Handle url) {
  const Ref host = url.attr(kHost), port = url.attr(kPort), database = url.attr(kDatabase);
  if (host.is_str()) {
    span.set(tags::kOutHost, host.utf8());
    span.set(tags::kServerAddress, host.utf8());
  }
  if (port.is_int()) span.set(tags::kDestinationPort, static_cast<std::int64_t>(port.integer()));
  if (database.is_str()) span.set(trace::Key("sql.db"), database.utf8());
}

template <int context_at>
void enter_execute(Call& call, Scope& scope) {
  const Ref connection = call.arg(context_at, kContext).attr(kRoot);
  if (connection.attr(kConnection).type_name() != "_ConnectionFairy") return;
  const Ref dialect = call.self().attr(kName);
  const std::string vendor(vendor_of(dialect.utf8()));
  const std::string name = vendor + ".query";
  const Named named =
      settings().naming.of_client({.integration = "sqlalchemy", .fallback = vendor});
  const tracing::LiveSpan& live = start_step(scope, {.name = name,
                                                     .component = "sqlalchemy",
                                                     .service = named.service,
                                                     .source = named.source,
                                                     .resource = call.arg(1).utf8(),
                                                     .type = "sql",
                                                     .kind = "client",
                                                     .measured = true,
                                                     .keeps = call.arg(0)});
  if (live) tag_url(live.span(), connection.attr(kEngine).attr(kUrl));
}

void leave_execute(Outcome& outcome, Scope& scope) {
  if (const tracing::LiveSpan* live = step_of(scope); live && !outcome.error) {
    const Ref rows = kept_of(scope).attr(kRowCount);
    if (rows.is_int() && rows.integer() >= 0)
      live->span().set(tags::kDbRowCount, static_cast<std::int64_t>(rows.integer()));
  }
  finish_step(outcome, scope);
}

template <int context_at>
constexpr py::Target on(const char* where, bool optional = false) {
  return {.where = where,
          .enter = enter_execute<context_at>,
          .leave = leave_execute,
          .optional = optional};
}

constexpr const char* kModules[] = {"sqlalchemy"};
constexpr py::Target kTargets[] = {
    on<3>("sqlalchemy.engine.default:DefaultDialect.do_execute"),
    on<3>("sqlalchemy.engine.default:DefaultDialect.do_executemany"),
    on<2>("sqlalchemy.engine.default:DefaultDialect.do_execute_no_params"),
    on<3>("sqlalchemy.dialects.postgresql.psycopg2:PGDialect_psycopg2.do_executemany", true),
    on<3>("sqlalchemy.dialects.mysql.mysqldb:MySQLDialect_mysqldb.do_executemany", true),
    on<3>("sqlalchemy.dialects.oracle.cx_oracle:OracleDialect_cx_oracle.do_executemany", true),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "sqlalchemy",
                                     .package = "sqlalchemy",
                                     .versions = ">=1.3",
                                     .modules = kModules,
                                     .targets = kTargets};

}  // namespace dd::contrib::sqlalchemy
