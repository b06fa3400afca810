#include "contrib/support/endpoint_tag.h"

#include <string_view>

#include "contrib/rules/settings.h"
#include "contrib/support/terms.h"
#include "core/http/endpoint.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"

namespace dd::contrib {
namespace {

constexpr trace::Key kEndpoint("http.endpoint");

bool is_request(std::string_view type) {
  return type == "web" || type == "http" || type == "serverless";
}

void tell_always(trace::Span& span) {
  if (!(span.flags & trace::kTopLevel) || !is_request(span.type.view())) return;
  if (span.text(tags::kHttpStatusCode) == "404") return;
  span.set(kEndpoint, http::endpoint(span.text(tags::kHttpUrl)));
}

void tell_without_route(trace::Span& span) {
  if (span.text(tags::kHttpRoute).empty()) tell_always(span);
}

}  // namespace

void tell_endpoints(const Settings& settings) {
  if (settings.endpoints == Endpoints::kNever) return;
  trace::ChunkHooks hooks = trace::Tracer::get().hooks();
  hooks.ended = settings.endpoints == Endpoints::kAlways ? tell_always : tell_without_route;
  trace::Tracer::get().set_hooks(hooks);
}

}  // namespace dd::contrib
