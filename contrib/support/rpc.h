// Shared engine of remote calls: what a call's path, target, metadata and status mean to its span.
//
// GIL held; nothing here raises.

#pragma once

#include <string>
#include <string_view>

#include "contrib/rules/settings.h"
#include "core/py/hook.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

struct RpcSide {               // of a library: its clients, or its servers
  std::string_view component;  // "grpc"
  std::string_view service;    // of schema v0: "grpc-client"
  Operation operation;
  std::string_view kind;  // "client", "server"
};

struct RpcKnobs {  // of a side, from its settings
  std::string own_service;
  bool distributed;  // traces go on over the metadata
};
const RpcKnobs* rpc_knobs(const Settings& settings, std::string_view section);

struct RpcCall {
  std::string_view path;   // "/package.Service/Method"
  std::string_view shape;  // "unary", "server_streaming"; a literal
  const RpcKnobs* knobs;
  std::string_view target{};  // "host:port", "ipv4:host:port", "dns:///host:port"
  py::Handle metadata{};      // that the caller gave: None, or pairs
};

// The shapes of calls: data of their targets.
inline constexpr char kUnaryCall[] = "unary", kServerStream[] = "server_streaming",
                      kClientStream[] = "client_streaming", kBothStream[] = "bidi_streaming";
constexpr py::Target on_rpc(const char* where, py::Enter enter, py::Leave leave,
                            const char* shape) {
  return {.where = where, .enter = enter, .leave = leave, .optional = true, .data = shape};
}

// A span that is never active: nothing of the application runs inside a client's call. What is sent
// instead of the metadata; empty when that stays as it is.
py::Ref start_rpc_client(py::Scope& scope, const RpcSide& side, const RpcCall& call);
// That, for a callable of grpc's which knows its method; `position` is that of its metadata, -1 for
// a keyword. The call's target says its shape.
void enter_rpc_client(py::Call& call, py::Scope& scope, const RpcSide& side, const RpcKnobs& knobs,
                      std::string_view target, int position);

// Ends the client's span when the call does, not when the hook leaves: nothing is kept alive but
// the span, and `more` if it is given. `ended` has (Span, `more`) as self. Empty when there is no
// span.
py::Ref rpc_callback(py::Scope& scope, py::Handle more, PyMethodDef* ended);

// The span of a call that is served, in continuation of its metadata; not active yet.
tracing::LiveSpan start_rpc_server(const RpcSide& side, const RpcCall& call);

// What a call ended with.
void tag_rpc_status(trace::Span& span, py::Handle code, py::Handle details);
// The stack of what a handler has raised, below the server's own frame.
void tag_handler_stack(const tracing::LiveSpan& span, py::Handle exception);

}  // namespace dd::contrib
