// asyncpg: one span a statement, and one a connect.

#include "contrib/support/dbapi.h"
#include "contrib/support/integration.h"
#include "contrib/support/side_table.h"
#include "contrib/support/step.h"
#include "core/py/context.h"
#include "core/trace/tags.h"

namespace dd::contrib::asyncpg {
namespace {

Name kAddr("_addr"), kDatabase("database"), kParams("_params"), kProtocol("_protocol"),
    kState("state"), kUser("user");

// Statements are the protocol's; the application has its connection.
constinit SideTable connections;  // weak references
Ref connection_of(Handle protocol) { return connections.get(protocol).call(); }

constexpr SqlFacts kFacts = {.component = "asyncpg",
                             .service = "postgres",
                             .system = "postgresql",
                             .query = {"postgres.query", "postgresql.query"},
                             .statement = &kState,
                             .pinned = connection_of,
                             .tells_rows = false,
                             .comments = true,
                             .late_service = true,
                             .tells_mapping = true,
                             .is_connection = true};
constinit const SqlKnobs* knobs = nullptr;
constexpr SqlDriver kDriver = {&kFacts, &knobs, true};

void prepare(const Settings& from) { knobs = sql_knobs(from, kFacts); }

// A pool connects when it needs to.
constinit py::ContextVariable pooling("ddtrace_asyncpg_pool");

struct Pooling {
  py::InForce flag;
};
void enter_pool(Call&, Scope& scope) { scope.emplace<Pooling>(); }
void begin_pool(Scope& scope) {
  if (Pooling* state = scope.get<Pooling>()) state->flag = py::InForce(pooling, py::boolean(true));
}
void leave_pool(Outcome&, Scope& scope) { scope.reset(); }

void enter_connect(Call&, Scope& scope) {
  if (pooling.is_set()) return;
  const Named named = settings().naming.of_client(
      {.integration = "asyncpg", .fallback = "postgres", .own = knobs->own_service});
  const tracing::LiveSpan& live = start_step(scope, {.name = "postgres.connect",
                                                     .component = "asyncpg",
                                                     .service = named.service,
                                                     .source = named.source,
                                                     .type = "sql",
                                                     .kind = "client",
                                                     .late_service = true,
                                                     .waits = true});
  if (live) live.span().set_static(trace::tags::kDbSystem, kFacts.system);
}

void leave_connect(Outcome& outcome, Scope& scope) {
  const tracing::LiveSpan* live = step_of(scope);
  if (live && outcome.result) {
    const Ref protocol = outcome.result.attr(kProtocol), params = outcome.result.attr(kParams);
    const Ref address = outcome.result.attr(kAddr);
    const bool over_ip = address.is_tuple();
    (void)remember_place(protocol, {.host = over_ip ? address.item(Py_ssize_t{0}) : Ref(),
                                    .port = over_ip ? address.item(Py_ssize_t{1}) : Ref(),
                                    .database = params.attr(kDatabase),
                                    .user = params.attr(kUser)});
    tag_place(live->span(), kFacts, protocol);
    connections.put(protocol, Ref::steal(PyWeakref_NewRef(outcome.result.ptr(), nullptr)));
  }
  finish_step(outcome, scope);
}

constexpr py::Target statement(const char* where, py::Enter enter) {
  return {.where = where,
          .enter = enter,
          .leave = leave_cursor,
          .kind = Kind::kAwaitable,
          .data = &kDriver,
          .begin = begin_statement};
}

constexpr const char* kModules[] = {"asyncpg"};
constexpr py::Target kTargets[] = {
    statement("asyncpg.protocol:Protocol.execute", enter_execute),
    statement("asyncpg.protocol:Protocol.bind_execute", enter_execute),
    statement("asyncpg.protocol:Protocol.query", enter_execute),
    statement("asyncpg.protocol:Protocol.bind_execute_many", enter_uncommented),
    {.where = "asyncpg.connection:connect",
     .enter = enter_connect,
     .leave = leave_connect,
     .kind = Kind::kAwaitable,
     .begin = begin_step},
    {.where = "asyncpg.pool:Pool._get_new_connection",
     .enter = enter_pool,
     .leave = leave_pool,
     .kind = Kind::kAwaitable,
     .optional = true,
     .begin = begin_pool},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "asyncpg",
                                     .package = "asyncpg",
                                     .versions = ">=0.23.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::asyncpg
