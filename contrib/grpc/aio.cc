// A client span a call, a server span a call that is served by a coroutine; one trace.

#include "contrib/grpc/aio.h"

#include <string>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/rpc.h"
#include "contrib/support/side_table.h"
#include "contrib/support/step.h"
#include "core/py/context.h"
#include "core/py/error.h"
#include "core/tracing/span_object.h"

namespace dd::contrib::grpc::aio {
namespace {

Name kAddDone("add_done_callback"), kAddHandlers("add_generic_rpc_handlers"),
    kMethodHandlers("method_handlers"), kServiceName("service_name"), kCode("code"),
    kCodeNames("CYGRPC_STATUS_CODE_TO_STATUS_CODE"), kDetails("details"), kFunction("__func__"),
    kMetadata("invocation_metadata"), kGiven("metadata"), kMethod("method"),
    kMethodField("_method"), kReferences("_references"), kService("service"), kTarget("target");

constexpr RpcSide
    kClient = {"grpc_aio_client", "grpc-aio-client", {"grpc", "grpc.client.request"}, "client"},
    kServer = {"grpc_aio_server", "grpc-aio-server", {"grpc", "grpc.server.request"}, "server"};

struct Knobs {
  std::string client_service, server_service;
};
constinit const Knobs* knobs = nullptr;

// --- clients ---

constinit SideTable targets;  // of channels

void enter_channel(Call& call, Scope&) { targets.put(call.self(), call.arg(0, kTarget)); }

void enter_client(Call& call, Scope& scope) {
  const Ref method = call.self().attr(kMethodField);
  const Ref channel = call.self().attr(kReferences).item(Py_ssize_t{0});
  Ref metadata = start_rpc_client(scope, kClient,
                                  {.path = method.text(),
                                   .shape = static_cast<const char*>(call.data()),
                                   .own_service = knobs->client_service,
                                   .target = targets.get(channel).text(),
                                   .metadata = call.arg(kGiven)});
  if (metadata) (void)call.replace_arg(kGiven, std::move(metadata));
}

// What a coroutine answers that has nothing to wait for.
Ref answer_of(Ref coroutine) {
  Ref answer;
  if (!coroutine) return answer;
  if (PyIter_Send(coroutine.ptr(), Py_None, answer.out()) != PYGEN_RETURN) answer = Ref();
  py::swallow_error();
  return answer;
}

// self: (Span,). The call has ended.
PyObject* call_ended(PyObject* self, PyObject* call) {
  const py::ErrorKeep keep;
  tracing::SpanObject* const span = tracing::as_span(PyTuple_GET_ITEM(self, 0));
  const Ref code = answer_of(Handle(call).call_method(kCode));
  const Ref details = answer_of(Handle(call).call_method(kDetails));
  tag_rpc_status(tracing::writable(span), code, details);
  if (!tracing::finish_span(span, 0)) py::swallow_error();
  return Py_NewRef(Py_None);
}
constinit PyMethodDef call_ended_definition = {"call_ended", call_ended, METH_O, nullptr};

void leave_client(Outcome& outcome, Scope& scope) {
  const Ref callback = rpc_callback(scope, Handle(), &call_ended_definition);
  if (callback && outcome.result && outcome.result.call_method(kAddDone, callback))
    return hand_over_step(scope);
  finish_step(outcome, scope);
}

// --- servers ---

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
  const Ref code = state.context.call_method(kCode);
  if (const std::string said = state.context.call_method(kDetails).text(); !said.empty())
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
                                 .own_service = knobs->server_service,
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

constexpr char kUnary[] = "unary", kServerStream[] = "server_streaming",
               kClientStream[] = "client_streaming", kBothStream[] = "bidi_streaming";

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
constexpr Shape kShapes[] = {{"unary_unary", behavior(kUnary)},
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

constexpr py::Target client(const char* where, const char* shape) {
  return {.where = where, .enter = enter_client, .leave = leave_client, .data = shape};
}

}  // namespace

void prepare(const Settings& from) {
  knobs = new Knobs{from.own_service("grpc_aio_client"), from.own_service("grpc_aio_server")};
}

constexpr py::Target kTargets[7] = {
    {.where = "grpc.aio._channel:Channel.__init__", .enter = enter_channel},
    client("grpc.aio._channel:UnaryUnaryMultiCallable.__call__", kUnary),
    client("grpc.aio._channel:UnaryStreamMultiCallable.__call__", kServerStream),
    client("grpc.aio._channel:StreamUnaryMultiCallable.__call__", kClientStream),
    client("grpc.aio._channel:StreamStreamMultiCallable.__call__", kBothStream),
    {.where = "grpc.aio._server:Server.add_generic_rpc_handlers", .enter = enter_handlers},
    {.where = "grpc.aio._server:Server.add_registered_method_handlers",
     .enter = enter_registered,
     .optional = true},
};

}  // namespace dd::contrib::grpc::aio
