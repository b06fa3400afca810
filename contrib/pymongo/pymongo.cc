// pymongo: a span a command, and one for as long as a connection is checked out; asyncio too.

#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/mongo_command.h"
#include "core/trace/tags.h"

namespace dd::contrib::pymongo {
namespace {

Name kAddress("address"), kConn("conn"), kCursor("cursor"), kDescription("description"),
    kDocs("docs"), kFirstBatch("firstBatch"), kIsSdam("is_sdam"), kMsg("msg"), kN("n");

constinit const MongoKnobs* knobs = nullptr;
void prepare(const Settings& from) { knobs = new MongoKnobs(mongo_knobs(from)); }

struct Way {  // of a target, its data
  const char* name = nullptr;
  bool waits = false;
};
constexpr Way kPlain = {}, kAsync = {.waits = true}, kCheckout = {"pymongo.checkout", true},
              kGetSocket = {"pymongo.get_socket", true};
const Way& way_of(const Call& call) { return *static_cast<const Way*>(call.data()); }

void leave(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

void tell_rows(trace::Span& span, Handle count) {
  if (count.is_int()) span.set(tags::kDbRowCount, static_cast<std::int64_t>(count.integer()));
}

// Of a pool or, in old versions, of a server. What monitors do is not told.
void enter_checkout(Call& call, Scope& scope) {
  if (call.self().attr(kIsSdam).truth()) return;
  const tracing::LiveSpan& live = start_mongo(scope, *knobs, way_of(call).name, true);
  if (!live) return;
  const Ref description = call.self().attr(kDescription);
  tag_mongo_address(live.span(), (description ? Handle(description) : call.self()).attr(kAddress));
}

// Connection.command(dbname, spec)
void enter_command(Call& call, Scope& scope) {
  const MongoCommand command = mongo_command(call.arg(1), call.arg(0));
  if (command.name.empty()) return;
  const tracing::LiveSpan& live = start_mongo(scope, *knobs, command, way_of(call).waits);
  if (!live) return;
  tag_mongo_address(live.span(), call.self().attr(kAddress));
  if (Ref spec = commented_command(call.arg(1), live)) (void)call.replace_arg(1, std::move(spec));
}

// Connection.write_command(request_id, msg)
void enter_write(Call& call, Scope& scope) {
  const std::string_view message = call.arg(1, kMsg).bytes();
  const MongoCommand command = mongo_message(message);
  if (command.name.empty()) return;
  const tracing::LiveSpan& live = start_mongo(scope, *knobs, command, way_of(call).waits);
  if (!live) return;
  live.span().set(trace::Key("net.out.bytes"), static_cast<std::int64_t>(message.size()));
  tag_mongo_address(live.span(), call.self().attr(kAddress));
}
void leave_write(Outcome& outcome, Scope& scope) {
  if (const tracing::LiveSpan* live = step_of(scope); live && outcome.result)
    tell_rows(live->span(), outcome.result.item(kN));
  finish_step(outcome, scope);
}

// run_bulk_write_command(context, cmd, request_id, msg) -> (documents, reply, duration)
void enter_bulk(Call& call, Scope& scope) {
  const Handle context = call.arg(0), message = call.arg(3, kMsg);
  const MongoCommand command = mongo_message(message.bytes());
  if (command.name.empty()) return;
  const tracing::LiveSpan& live = start_mongo(scope, *knobs, command, way_of(call).waits);
  if (!live) return;
  live.span().set(trace::Key("net.out.bytes"), static_cast<std::int64_t>(message.size()));
  tag_mongo_address(live.span(), context.attr(kConn).attr(kAddress));
}
void leave_bulk(Outcome& outcome, Scope& scope) {
  if (const tracing::LiveSpan* live = step_of(scope); live && outcome.result)
    tell_rows(live->span(), outcome.result.item(Py_ssize_t{0}).item(Py_ssize_t{0}).item(kN));
  finish_step(outcome, scope);
}

// run_operation(connection, operation) -> Response
void enter_operation(Call& call, Scope& scope) {
  const MongoCommand command = mongo_query(call.arg(1));
  if (command.name.empty()) return;
  const tracing::LiveSpan& live = start_mongo(scope, *knobs, command, way_of(call).waits);
  if (live) comment_query(call.arg(1), live);
}
void leave_operation(Outcome& outcome, Scope& scope) {
  if (const tracing::LiveSpan* live = step_of(scope); live && outcome.result) {
    tag_mongo_address(live->span(), outcome.result.attr(kAddress));
    const Ref rows = outcome.result.attr(kDocs).item(Py_ssize_t{0}).item(kCursor).item(kFirstBatch);
    if (rows) live->span().set(tags::kDbRowCount, static_cast<std::int64_t>(rows.size()));
  }
  finish_step(outcome, scope);
}

constexpr py::Target on(const Way& way, const char* where, py::Enter enter,
                        py::Leave at_end = leave, const char* versions = "") {
  return {.where = where,
          .enter = enter,
          .leave = at_end,
          .kind = way.name    ? Kind::kContextManager
                  : way.waits ? Kind::kAwaitable
                              : Kind::kCall,
          .versions = versions,
          .optional = true,
          .data = &way,
          .begin = way.waits ? begin_step : nullptr};
}

constexpr const char* kModules[] = {"pymongo"};
constexpr py::Target kTargets[] = {
    // 3
    on(kGetSocket, "pymongo.server:Server.get_socket", enter_checkout),
    on(kPlain, "pymongo.pool:SocketInfo.command", enter_command),
    on(kPlain, "pymongo.pool:SocketInfo.write_command", enter_write, leave_write),
    // 4.0 to 4.8
    on(kCheckout, "pymongo.pool:Pool.checkout", enter_checkout, leave, "<4.9"),
    on(kPlain, "pymongo.pool:Connection.command", enter_command, leave, "<4.9"),
    on(kPlain, "pymongo.pool:Connection.write_command", enter_write, leave_write, "<4.9"),
    on(kPlain, "pymongo.server:Server.run_operation", enter_operation, leave_operation, "<4.9"),
    // 4.9 and later
    on(kPlain, "pymongo.synchronous.pool:Connection.command", enter_command),
    on(kAsync, "pymongo.asynchronous.pool:AsyncConnection.command", enter_command),
    on(kCheckout, "pymongo.synchronous.pool:Pool.checkout", enter_checkout),
    on(kCheckout, "pymongo.asynchronous.pool:Pool.checkout", enter_checkout),
    on(kPlain, "pymongo.synchronous.pool:Connection.write_command", enter_write, leave_write),
    on(kAsync, "pymongo.asynchronous.pool:AsyncConnection.write_command", enter_write, leave_write),
    on(kPlain, "pymongo.synchronous.server:Server.run_operation", enter_operation, leave_operation),
    on(kAsync, "pymongo.asynchronous.server:Server.run_operation", enter_operation,
       leave_operation),
    // 4.18 and later
    on(kPlain, "pymongo.synchronous.bulk:run_bulk_write_command", enter_bulk, leave_bulk),
    on(kAsync, "pymongo.asynchronous.bulk:run_bulk_write_command", enter_bulk, leave_bulk),
    on(kPlain, "pymongo.synchronous.cursor_base:_CursorBase._run_with_conn", enter_operation,
       leave_operation),
    on(kAsync, "pymongo.asynchronous.cursor_base:_AsyncCursorBase._run_with_conn", enter_operation,
       leave_operation),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "pymongo",
                                     .package = "pymongo",
                                     .versions = ">=3.8.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::pymongo
