// grpc: a client span a call of each shape, a server span a call that is served; one trace.

#include <string>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/py/error.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"
#include "core/tracing/span_object.h"

namespace dd::contrib::grpc {
namespace {

namespace tags = trace::tags;
using py::Call;
using py::Handle;
using py::Name;
using py::Outcome;
using py::Ref;
using py::Scope;

Name kAddCallback("add_callback"), kCallDetails("call_details"), kCode("code"),
    kCodeNames("CYGRPC_STATUS_CODE_TO_STATUS_CODE"), kDetails("details"), kFunctionName("__name__"),
    kInvocationMetadata("invocation_metadata"), kMetadata("metadata"), kMethod("method"),
    kMethodField("_method"), kState("_state"), kTarget("_target"), kChannel("_channel"),
    kChannelTarget("target");

constexpr trace::Key kStatusCode("grpc.status.code");

struct Knobs {
  std::string client_service, server_service;
};
constinit const Knobs* knobs = nullptr;

void prepare(const Settings& from) {
  knobs = new Knobs{from.own_service("grpc"), from.own_service("grpc_server")};
}

// "/package.Service/Method"
void tag_method(trace::Span& span, std::string_view path, std::string_view kind) {
  span.set(trace::Key("grpc.method.path"), path);
  span.set_static(trace::Key("grpc.method.kind"), kind);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return;
  span.set(trace::Key("grpc.method.name"), path.substr(slash + 1));
  std::string_view service = path.substr(0, slash);
  if (service.starts_with('/')) service.remove_prefix(1);
  span.set(tags::kRpcService, service);
  if (const std::size_t dot = service.rfind('.'); dot != std::string_view::npos) {
    span.set(trace::Key("grpc.method.package"), service.substr(0, dot));
    service.remove_prefix(dot + 1);
  }
  span.set(trace::Key("grpc.method.service"), service);
}

// "host:port", "ipv4:host:port", "dns:///host:port"
void tag_target(trace::Span& span, std::string_view target) {
  if (const std::size_t at = target.find("///"); at != std::string_view::npos)
    target.remove_prefix(at + 3);
  const std::size_t colon = target.rfind(':');
  std::string_view host = target.substr(0, colon);
  for (const std::string_view scheme : {"ipv4:", "ipv6:", "dns:"})
    if (host.starts_with(scheme)) host.remove_prefix(scheme.size());
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return;
  span.set(trace::Key("grpc.host"), host);
  const bool is_address = host.find_first_not_of("0123456789.") == std::string_view::npos ||
                          host.find(':') != std::string_view::npos;
  if (is_address) span.set(trace::Key("network.destination.ip"), host);
  if (colon != std::string_view::npos)
    span.set(trace::Key("network.destination.port"), target.substr(colon + 1));
}

void end(trace::Span& span, Handle code, Handle details) {
  if (!code || code.is_none()) return;
  const std::string shown = code.display();
  span.set(kStatusCode, shown);
  if (shown == "StatusCode.OK") return;
  const std::string said = details.is_bytes() ? details.text() : details.display();
  span.fail(shown, said, {});
}

// --- clients ---

// Calls do not know where they go before grpc 1.51, their channels do, in bytes.
std::string target_of(Handle callable) {
  const Ref known = callable.attr(kTarget);
  if (known) return known.text();
  const Ref told = callable.attr(kChannel).call_method(kChannelTarget);
  return std::string(told.bytes());
}

void enter_client(Call& call, Scope& scope) {
  const Ref method = call.self().attr(kMethodField);
  const std::string path = method.text();
  const Naming& naming = settings().naming;
  const Named named = naming.of_client(
      {.integration = "grpc", .fallback = "grpc-client", .own = knobs->client_service});
  // Nothing of the application runs inside: the span is never active.
  const tracing::LiveSpan& live =
      start_step(scope, {.name = naming.operation({"grpc", "grpc.client.request"}),
                         .component = "grpc",
                         .service = named.service,
                         .source = named.source,
                         .resource = path,
                         .type = "grpc",
                         .kind = "client",
                         .measured = true,
                         .waits = true});
  if (!live) return;
  tag_method(live.span(), path, static_cast<const char*>(call.data()));
  tag_target(live.span(), target_of(call.self()));
  const Ref headers = py::dict();
  tracing::inject(live.object(), headers);
  const Ref metadata = py::list();
  const Handle given = call.arg(2, kMetadata);
  if (given && !given.is_none()) given.each([&](Handle pair) { (void)metadata.append(pair); });
  headers.each_pair([&](Handle key, Handle value) {
    const Handle pair[] = {key, value};
    (void)metadata.append(py::tuple(pair));
  });
  (void)call.replace_arg(2, kMetadata, Ref::steal(PyList_AsTuple(metadata.ptr())));
}

void leave_blocking(Outcome& outcome, Scope& scope) {
  const tracing::LiveSpan* live = step_of(scope);
  if (!live) return;
  if (outcome.error) {
    const Ref code = outcome.error.attr(kCode).call(),
              details = outcome.error.attr(kDetails).call();
    live->fail(outcome.error);
    end(live->span(), code, details);
  } else {
    live->span().set_static(kStatusCode, "StatusCode.OK");
  }
  live->finish();
}

// self: (Span, state of the call). On a thread of grpc's, when the call has ended.
PyObject* call_ended(PyObject* self, PyObject*) {
  const py::ErrorKeep keep;
  const Handle span = PyTuple_GET_ITEM(self, 0), state = PyTuple_GET_ITEM(self, 1);
  trace::Span& native = tracing::writable(tracing::as_span(span));
  end(native, state.attr(kCode), state.attr(kDetails));
  if (!tracing::finish_span(tracing::as_span(span), 0)) py::swallow_error();
  return Py_NewRef(Py_None);
}
constinit PyMethodDef call_ended_definition = {"call_ended", call_ended, METH_NOARGS, nullptr};

// The span goes on until the call has ended. What the application holds is not kept alive by it.
void leave_pending(Outcome& outcome, Scope& scope) {
  const tracing::LiveSpan* live = step_of(scope);
  if (!live || outcome.error) return leave_blocking(outcome, scope);
  const Ref state = outcome.result.attr(kState);
  const Handle parts[] = {live->object(), state};
  const Ref self = state ? py::tuple(parts) : Ref();
  const Ref callback =
      self ? Ref::steal(PyCFunction_New(&call_ended_definition, self.ptr())) : Ref();
  const Ref added = outcome.result.call_method(kAddCallback, callback);
  if (added.is_true()) return hand_over_step(scope);
  end(live->span(), state.attr(kCode), state.attr(kDetails));
  live->finish();
}

// --- servers ---

struct Serving {
  explicit Serving(tracing::LiveSpan&& started) : span(std::move(started)) {}
  Serving(Serving&& other) noexcept
      : span(std::move(other.span)), before(std::move(other.before)) {}
  ~Serving() {
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
  const char* kind = unary_request ? (unary_response ? "unary" : "server_streaming")
                                   : (unary_response ? "client_streaming" : "bidi_streaming");
  Ref before = tracing::active();
  const Ref metadata = Ref::steal(PySequence_List(event.attr(kInvocationMetadata).ptr()));
  const Ref context = tracing::extract(metadata);
  if (tracing::continues(context)) tracing::activate(context);
  const Naming& naming = settings().naming;
  const Named named = naming.of_server(
      {.integration = "grpc_server", .fallback = "grpc-server", .own = knobs->server_service});
  Serving& serving = scope.emplace<Serving>(
      tracing::LiveSpan::start({.name = naming.operation({"grpc", "grpc.server.request"}),
                                .service = named.service,
                                .resource = path,
                                .type = "grpc",
                                .measured = true}));
  serving.before = std::move(before);
  if (!serving.span) return;
  trace::Span& span = serving.span.span();
  span.set_static(tags::kComponent, "grpc_server");
  span.set_static(tags::kSpanKind, "server");
  span.set(tags::kServiceSource, named.source);
  tag_method(span, path, kind);
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
  tracing::writable(tracing::as_span(active)).fail(code.display(), said, {});
}

constexpr char kUnary[] = "unary", kServerStream[] = "server_streaming",
               kClientStream[] = "client_streaming", kBothStream[] = "bidi_streaming";

constexpr py::Target client(const char* where, py::Leave leave, const char* kind) {
  return {.where = where, .enter = enter_client, .leave = leave, .optional = true, .data = kind};
}

constexpr const char* kModules[] = {"grpc"};
constexpr py::Target kTargets[] = {
    client("grpc._channel:_UnaryUnaryMultiCallable.__call__", leave_blocking, kUnary),
    client("grpc._channel:_UnaryUnaryMultiCallable.with_call", leave_blocking, kUnary),
    client("grpc._channel:_UnaryUnaryMultiCallable.future", leave_pending, kUnary),
    client("grpc._channel:_UnaryStreamMultiCallable.__call__", leave_pending, kServerStream),
    client("grpc._channel:_SingleThreadedUnaryStreamMultiCallable.__call__", leave_pending,
           kServerStream),
    client("grpc._channel:_StreamUnaryMultiCallable.__call__", leave_blocking, kClientStream),
    client("grpc._channel:_StreamUnaryMultiCallable.with_call", leave_blocking, kClientStream),
    client("grpc._channel:_StreamUnaryMultiCallable.future", leave_pending, kClientStream),
    client("grpc._channel:_StreamStreamMultiCallable.__call__", leave_pending, kBothStream),
    {.where = "grpc._server:_unary_response_in_pool",
     .enter = enter_serve,
     .leave = leave_serve,
     .optional = true,
     .data = kUnary},
    {.where = "grpc._server:_stream_response_in_pool",
     .enter = enter_serve,
     .leave = leave_serve,
     .optional = true},
    {.where = "grpc._server:_abort", .enter = enter_abort, .optional = true},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "grpc",
                                     .package = "grpcio",
                                     .versions = ">=1.34",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::grpc
