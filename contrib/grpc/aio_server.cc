// A server span a call that is served by a coroutine, in continuation of its metadata.

#include <string>
#include <utility>

#include "contrib/grpc/aio.h"
#include "contrib/support/integration.h"
#include "contrib/support/rpc.h"
#include "core/py/context.h"

namespace dd::contrib::grpc::aio {
namespace {

Name kAddHandlers("add_generic_rpc_handlers"), kCodeOf("code"),
    kCodeNames("CYGRPC_STATUS_CODE_TO_STATUS_CODE"), kDetailsOf("details"), kFunction("__func__"),
    kMetadata("invocation_metadata"), kMethod("method"), kMethodHandlers("method_handlers"),
    kService("service"), kServiceName("service_name");

constexpr RpcSide kServer = {
    "grpc_aio_server", "grpc-aio-server", {"grpc", "grpc.server.request"}, "server"};

constinit const RpcKnobs* server_knobs = nullptr;

// A server looks for a call's handler and calls it in the call's own task.
constinit py::ContextVariable serving("ddtrace_grpc_call");  // its details
constinit py::Patch* behaviors = nullptr;

struct Serving {
  Serving(tracing::LiveSpan&& started, Ref&& of_call)
      : span(std::move(started)), context(std::move(of_call)) {}
  Serving(Serving&& other) noexcept
      : span(std::move(other.span)), context(std::move(other.context)) {}
  ~Serving() {
    if (span.open()) span.finish();
  }
  tracing::LiveSpan span;
  Ref context;  // what the behavior is given
};

void begin_behavior(Scope& scope) {
  if (const Serving* state = scope.get<Serving>()) tracing::activate(state->span.object());
}

// What is said to the client goes before what was raised.
void fail(const Serving& state, Handle error) {
  state.span.fail(error);
  trace::Span& span = state.span.span();
  const Ref code = state.context.call_method(kCodeOf);
  if (const std::string said = state.context.call_method(kDetailsOf).text(); !said.empty())
    span.set(trace::Key("error.message"), said);
  // A number in old versions. Where it is a status already, the exception tells more.
  const Ref known = code.is_int() && !code.instance_of(py::imported("enum").attr("Enum"))
                        ? py::imported("grpc._common").attr(kCodeNames).item(code)
                        : Ref();
  if (known) span.set(trace::Key("error.type"), known.display());
}

void end_behavior(Outcome& outcome, Scope& scope) {
  const Serving* state = scope.get<Serving>();
  if (!state || !state->span.open()) return;
  if (outcome.error && PyErr_GivenExceptionMatches(outcome.error.ptr(), PyExc_Exception))
    fail(*state, outcome.error);
  state->span.finish();
}
constexpr py::Watch kBehavior = {.end = end_behavior, .begin = begin_behavior};

void enter_behavior(Call& call, Scope& scope) {
  const Ref details = serving.value();
  if (!details || call.positional().empty()) return;
  serving.set({});
  const Ref metadata = details.attr(kMetadata);
  tracing::LiveSpan span =
      start_rpc_server(kServer, {.path = details.attr(kMethod).text(),
                                 .shape = static_cast<const char*>(call.data()),
                                 .knobs = server_knobs,
                                 .metadata = metadata});
  if (span) scope.emplace<Serving>(std::move(span), Handle(call.positional().back()).share());
}

void leave_behavior(Outcome& outcome, Scope& scope) {
  if (!scope.get<Serving>()) return;
  if (outcome.follow(Kind::kAwaitable, kBehavior, scope) ||
      outcome.follow(Kind::kAsyncIterator, kBehavior, scope))
    return;
  end_behavior(outcome, scope);
}

constexpr py::Target behavior(const char* shape) {
  return {.where = "grpc.aio:<behavior>",
          .enter = enter_behavior,
          .leave = leave_behavior,
          .data = shape};
}

struct Shape {
  const char* field;  // of the handler
  py::Target target;
};
constexpr Shape kShapes[] = {{"unary_unary", behavior(kUnaryCall)},
                             {"unary_stream", behavior(kServerStream)},
                             {"stream_unary", behavior(kClientStream)},
                             {"stream_stream", behavior(kBothStream)}};

// (call details): what answers is hooked as it is. Functions that are no coroutines run elsewhere.
void leave_service(Outcome& outcome, Scope& scope) {
  Ref* details = scope.get<Ref>();
  if (!details || !outcome.result || outcome.result.is_none()) return;
  const Ref inspect = py::imported("inspect");
  for (const Shape& shape : kShapes) {
    const Ref answers = outcome.result.attr(shape.field);
    if (!answers || answers.is_none()) continue;
    if (!inspect.attr("iscoroutinefunction").call(answers).is_true() &&
        !inspect.attr("isasyncgenfunction").call(answers).is_true())
      continue;
    if (!behaviors) behaviors = new py::Patch;
    const Ref function = answers.attr(kFunction);
    behaviors->adopt(function ? Handle(function) : Handle(answers), shape.target);
    serving.set(*details);
  }
}
void enter_service(Call& call, Scope& scope) {
  if (!call.positional().empty()) scope.emplace<Ref>(Handle(call.positional().back()).share());
}
constexpr py::Target kServiceTarget = {
    .where = "grpc.aio:<service>", .enter = enter_service, .leave = leave_service};

void enter_handlers(Call& call, Scope&) {
  if (!behaviors) behaviors = new py::Patch;
  call.arg(0).each([](Handle handler) {
    const Ref function = handler.attr(kService).attr(kFunction);
    if (function) behaviors->adopt(function, kServiceTarget);
  });
}

// (service name, handlers). Handlers that are registered by method are found without Python being
// asked, and then nothing says which call it is: they are added the other way.
void enter_registered(Call& call, Scope&) {
  const Ref generic = py::imported("grpc").attr("method_handlers_generic_handler");
  const Ref handler = generic.call(call.arg(0, kServiceName), call.arg(1, kMethodHandlers));
  if (!handler) return;
  const Handle parts[] = {handler};
  const Ref all = py::tuple(parts);
  if (call.self().call_method(kAddHandlers, all))
    (void)call.replace_arg(1, kMethodHandlers, py::dict());
}

}  // namespace

void prepare_servers(const Settings& from) { server_knobs = rpc_knobs(from, "grpc_aio_server"); }

constexpr py::Target kServerTargets[2] = {
    {.where = "grpc.aio._server:Server.add_generic_rpc_handlers", .enter = enter_handlers},
    {.where = "grpc.aio._server:Server.add_registered_method_handlers",
     .enter = enter_registered,
     .optional = true},
};

}  // namespace dd::contrib::grpc::aio
