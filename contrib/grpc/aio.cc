// A client span a call.

#include "contrib/grpc/aio.h"

#include <string>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/rpc.h"
#include "contrib/support/side_table.h"
#include "contrib/support/step.h"
#include "core/py/error.h"
#include "core/tracing/span_object.h"

namespace dd::contrib::grpc::aio {
namespace {

Name kAddDone("add_done_callback"), kCode("code"), kDetails("details"), kReferences("_references"),
    kTarget("target");

constexpr RpcSide kClient = {
    "grpc_aio_client", "grpc-aio-client", {"grpc", "grpc.client.request"}, "client"};

constinit const RpcKnobs* knobs = nullptr;

constinit SideTable targets;  // of channels

void enter_channel(Call& call, Scope&) { targets.put(call.self(), call.arg(0, kTarget)); }

void enter_client(Call& call, Scope& scope) {
  const Ref channel = call.self().attr(kReferences).item(Py_ssize_t{0});
  enter_rpc_client(call, scope, kClient, *knobs, targets.get(channel).text(), -1);
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

constexpr py::Target client(const char* where, const char* shape) {
  return {.where = where, .enter = enter_client, .leave = leave_client, .data = shape};
}

}  // namespace

void prepare_clients(const Settings& from) { knobs = rpc_knobs(from, "grpc_aio_client"); }

constexpr py::Target kClientTargets[5] = {
    {.where = "grpc.aio._channel:Channel.__init__", .enter = enter_channel},
    client("grpc.aio._channel:UnaryUnaryMultiCallable.__call__", kUnaryCall),
    client("grpc.aio._channel:UnaryStreamMultiCallable.__call__", kServerStream),
    client("grpc.aio._channel:StreamUnaryMultiCallable.__call__", kClientStream),
    client("grpc.aio._channel:StreamStreamMultiCallable.__call__", kBothStream),
};

}  // namespace dd::contrib::grpc::aio
