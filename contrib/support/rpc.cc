#include "contrib/support/rpc.h"

#include <span>
#include <string>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"

namespace dd::contrib {
namespace {

Name kCallMetadata("metadata"), kCallMethod("_method"), kNextFrame("tb_next");
constexpr trace::Key kRpcStatus("grpc.status.code");

void tag_method(trace::Span& span, std::string_view path, std::string_view shape) {
  span.set(trace::Key("grpc.method.path"), path);
  span.set_static(trace::Key("grpc.method.kind"), shape);
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

Ref metadata_with_headers(Handle span, Handle given) {
  const Ref headers = py::dict(), metadata = py::list();
  tracing::inject(span, headers);
  if (given && !given.is_none()) given.each([&](Handle pair) { (void)metadata.append(pair); });
  headers.each_pair([&](Handle key, Handle value) {
    const Handle pair[] = {key, value};
    (void)metadata.append(py::tuple(pair));
  });
  return Ref::steal(PyList_AsTuple(metadata.ptr()));
}

}  // namespace

const RpcKnobs* rpc_knobs(const Settings& from, std::string_view section) {
  return new RpcKnobs{from.own_service(section), from.knob(section, "DISTRIBUTED_TRACING", true)};
}

Ref start_rpc_client(py::Scope& scope, const RpcSide& side, const RpcCall& call) {
  const Naming& naming = settings().naming;
  const Named named = naming.of_client(
      {.integration = side.component, .fallback = side.service, .own = call.knobs->own_service});
  const tracing::LiveSpan& live =
      start_step(scope, {.name = naming.operation(side.operation),
                         .component = side.component,
                         .service = named.service,
                         .source = named.source,
                         .resource = call.path,
                         .type = "grpc",
                         .kind = side.kind,
                         .measured = true,
                         .late_service = !call.knobs->own_service.empty(),
                         .waits = true});
  if (!live) return {};
  tag_method(live.span(), call.path, call.shape);
  tag_target(live.span(), call.target);
  return call.knobs->distributed ? metadata_with_headers(live.object(), call.metadata) : Ref();
}

void enter_rpc_client(py::Call& call, py::Scope& scope, const RpcSide& side, const RpcKnobs& knobs,
                      std::string_view target, int position) {
  const std::string path = call.self().attr(kCallMethod).text();
  const bool named = position < 0;
  Ref metadata = start_rpc_client(
      scope, side,
      {.path = path,
       .shape = static_cast<const char*>(call.data()),
       .knobs = &knobs,
       .target = target,
       .metadata = named ? call.arg(kCallMetadata) : call.arg(position, kCallMetadata)});
  if (!metadata) return;
  (void)(named ? call.replace_arg(kCallMetadata, std::move(metadata))
               : call.replace_arg(position, kCallMetadata, std::move(metadata)));
}

Ref rpc_callback(py::Scope& scope, Handle more, PyMethodDef* ended) {
  const tracing::LiveSpan* live = step_of(scope);
  if (!live) return {};
  const Handle parts[] = {live->object(), more};
  const Ref self = py::tuple(std::span(parts, more ? 2 : 1));
  return self ? Ref::steal(PyCFunction_New(ended, self.ptr())) : Ref();
}

tracing::LiveSpan start_rpc_server(const RpcSide& side, const RpcCall& call) {
  const Naming& naming = settings().naming;
  const Named named = naming.of_server(
      {.integration = side.component, .fallback = side.service, .own = call.knobs->own_service});
  const bool reads = call.knobs->distributed && call.metadata;
  const Ref metadata = Ref::steal(reads ? PySequence_List(call.metadata.ptr()) : nullptr);
  if (!metadata) py::swallow_error();
  const Ref context = tracing::extract(metadata);
  const bool is_late = !call.knobs->own_service.empty();  // as in step.h
  const tracing::SpanStart start = {.name = naming.operation(side.operation),
                                    .service = is_late ? std::string_view() : named.service,
                                    .resource = call.path,
                                    .type = "grpc",
                                    .activate = false,
                                    .measured = true};
  tracing::LiveSpan live = tracing::continues(context)
                               ? tracing::LiveSpan::start_under(context, start)
                               : tracing::LiveSpan::start(start);
  if (!live) return live;
  trace::Span& span = live.span();
  span.set_static(tags::kComponent, side.component);
  span.set_static(tags::kSpanKind, side.kind);
  if (is_late)
    set_late_service(span, named.service, named.source);
  else
    span.set(tags::kServiceSource, named.source);
  tag_method(span, call.path, call.shape);
  return live;
}

void tag_handler_stack(const tracing::LiveSpan& span, Handle exception) {
  const Ref whole =
      Ref::steal(exception.is_exception() ? PyException_GetTraceback(exception.ptr()) : nullptr);
  const Ref below = whole.attr(kNextFrame);
  if (below && !below.is_none()) span.fail(exception, below);
}

void tag_rpc_status(trace::Span& span, Handle code, Handle details) {
  if (!code || code.is_none()) return;
  const std::string shown = code.display();
  span.set(kRpcStatus, shown);
  if (shown == "StatusCode.OK") return;
  const std::string said = details.is_bytes() ? details.text() : details.display();
  span.fail(shown, said, {});
}

}  // namespace dd::contrib
