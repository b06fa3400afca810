// grpc: a client span a call of each shape, a server span a call that is served; one trace.

#include <string>
#include <utility>

#include "contrib/grpc/aio.h"
#include "contrib/support/integration.h"
#include "contrib/support/rpc.h"
#include "contrib/support/step.h"
#include "core/py/compat/compat.h"
#include "core/py/error.h"
#include "core/trace/tags.h"
#include "core/tracing/span_object.h"

namespace dd::contrib::grpc {
namespace {

Name kAddCallback("add_callback"), kCallDetails("call_details"), kCode("code"),
    kCodeNames("CYGRPC_STATUS_CODE_TO_STATUS_CODE"), kDetails("details"), kFunctionName("__name__"),
    kInvocationMetadata("invocation_metadata"), kMethod("method"), kState("_state"),
    kTarget("_target"), kChannel("_channel"), kChannelTarget("target");

constinit const RpcKnobs *client_knobs = nullptr, *server_knobs = nullptr;

void prepare(const Settings& from) {
  client_knobs = rpc_knobs(from, "grpc");
  server_knobs = rpc_knobs(from, "grpc_server");
  aio::prepare_clients(from);
  aio::prepare_servers(from);
}

constexpr RpcSide kClient = {"grpc", "grpc-client", {"grpc", "grpc.client.request"}, "client"},
                  kServer = {
                      "grpc_server", "grpc-server", {"grpc", "grpc.server.request"}, "server"};

// --- clients ---

// Calls do not know where they go before grpc 1.51, their channels do, in bytes.
std::string target_of(Handle callable) {
  const Ref known = callable.attr(kTarget);
  if (known) return known.text();
  const Ref told = callable.attr(kChannel).call_method(kChannelTarget);
  return std::string(told.bytes());
}

void enter_client(Call& call, Scope& scope) {
  enter_rpc_client(call, scope, kClient, *client_knobs, target_of(call.self()), 2);
}

void leave_blocking(Outcome& outcome, Scope& scope) {
  const tracing::LiveSpan* live = step_of(scope);
  if (!live) return;
  if (outcome.error) {
    const Ref code = outcome.error.attr(kCode).call(),
              details = outcome.error.attr(kDetails).call();
    live->fail(outcome.error);
    tag_rpc_status(live->span(), code, details);
  } else {
    live->span().set_static(trace::Key("grpc.status.code"), "StatusCode.OK");
  }
  live->finish();
}

// self: (Span, state of the call). On a thread of grpc's, when the call has ended.
PyObject* call_ended(PyObject* self, PyObject*) {
  const py::ErrorKeep keep;
  const Handle span = PyTuple_GET_ITEM(self, 0), state = PyTuple_GET_ITEM(self, 1);
  trace::Span& native = tracing::writable(tracing::as_span(span));
  tag_rpc_status(native, state.attr(kCode), state.attr(kDetails));
  if (!tracing::finish_span(tracing::as_span(span), 0)) py::swallow_error();
  return Py_NewRef(Py_None);
}
constinit PyMethodDef call_ended_definition = {"call_ended", call_ended, METH_NOARGS, nullptr};

// The span goes on until the call has ended. What the application holds is not kept alive by it.
void leave_pending(Outcome& outcome, Scope& scope) {
  const tracing::LiveSpan* live = step_of(scope);
  if (!live || outcome.error) return leave_blocking(outcome, scope);
  const Ref state = outcome.result.attr(kState);
  const Ref callback = rpc_callback(scope, state, &call_ended_definition);
  const Ref added = outcome.result.call_method(kAddCallback, callback);
  if (added.is_true()) return hand_over_step(scope);
  tag_rpc_status(live->span(), state.attr(kCode), state.attr(kDetails));
  live->finish();
}

// --- servers ---

struct Serving {
  explicit Serving(tracing::LiveSpan&& started) : span(std::move(started)) {}
  Serving(Serving&& other) noexcept
      : span(std::move(other.span)), before(std::move(other.before)) {}
  ~Serving() {
    if (!span) return;
    if (span.open()) span.finish();
    tracing::activate(before);
  }
  tracing::LiveSpan span;
  Ref before;
};

void enter_serve(Call& call, Scope& scope) {
  const Handle event = call.arg(0);
  const std::string path = event.attr(kCallDetails).attr(kMethod).text();
  const Ref thunk_name = call.arg(3).attr(kFunctionName);
  const bool unary_request = thunk_name.utf8() == "unary_request";
  const bool unary_response = call.data() != nullptr;
  const char* kind = unary_request ? (unary_response ? kUnaryCall : kServerStream)
                                   : (unary_response ? kClientStream : kBothStream);
  const Ref metadata = event.attr(kInvocationMetadata);
  Serving& serving = scope.emplace<Serving>(start_rpc_server(
      kServer, {.path = path, .shape = kind, .knobs = server_knobs, .metadata = metadata}));
  if (!serving.span) return;
  serving.before = tracing::active();
  tracing::activate(serving.span.object());
}

void leave_serve(Outcome&, Scope& scope) { scope.reset(); }

// (state, call, code, details): the way every failed call takes.
void enter_abort(Call& call, Scope&) {
  const Ref active = tracing::active();
  const trace::Span* span = tracing::native(active);
  if (!span || span->text(tags::kComponent) != "grpc_server") return;
  const Ref own_code = call.arg(0).attr(kCode), own_details = call.arg(0).attr(kDetails);
  const Ref code = own_code && !own_code.is_none()
                       ? own_code.share()
                       : py::imported("grpc._common").attr(kCodeNames).item(call.arg(2));
  const Handle details = own_details && !own_details.is_none() ? Handle(own_details) : call.arg(3);
  const std::string said = details.is_bytes() ? details.text() : details.display();
  // It is called while what the handler has raised is handled.
  const Ref raised = Ref::steal(py::compat::handled_exception());
  tag_handler_stack(tracing::LiveSpan::of(active), raised);
  tracing::writable(tracing::as_span(active)).fail(code.display(), said, {});
}

constexpr py::Target client(const char* where, py::Leave leave, const char* shape) {
  return on_rpc(where, enter_client, leave, shape);
}

constexpr const char* kModules[] = {"grpc"};
constexpr py::Target kTargets[] = {
    client("grpc._channel:_UnaryUnaryMultiCallable.__call__", leave_blocking, kUnaryCall),
    client("grpc._channel:_UnaryUnaryMultiCallable.with_call", leave_blocking, kUnaryCall),
    client("grpc._channel:_UnaryUnaryMultiCallable.future", leave_pending, kUnaryCall),
    client("grpc._channel:_UnaryStreamMultiCallable.__call__", leave_pending, kServerStream),
    client("grpc._channel:_SingleThreadedUnaryStreamMultiCallable.__call__", leave_pending,
           kServerStream),
    client("grpc._channel:_StreamUnaryMultiCallable.__call__", leave_blocking, kClientStream),
    client("grpc._channel:_StreamUnaryMultiCallable.with_call", leave_blocking, kClientStream),
    client("grpc._channel:_StreamUnaryMultiCallable.future", leave_pending, kClientStream),
    client("grpc._channel:_StreamStreamMultiCallable.__call__", leave_pending, kBothStream),
    on_rpc("grpc._server:_unary_response_in_pool", enter_serve, leave_serve, kUnaryCall),
    on_rpc("grpc._server:_stream_response_in_pool", enter_serve, leave_serve, nullptr),
    {.where = "grpc._server:_abort", .enter = enter_abort, .optional = true},
};

constexpr Extra kExtras[] = {{aio::kClientTargets, [] { return true; }},
                             {aio::kServerTargets, [] { return true; }}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "grpc",
                                     .package = "grpcio",
                                     .versions = ">=1.34",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare,
                                     .extras = kExtras};

}  // namespace dd::contrib::grpc
