// falcon: one span a request, named after the resource that answers.

#include <string>
#include <string_view>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/web_server.h"
#include "core/trace/tags.h"

namespace dd::contrib::falcon {
namespace {

Name kEnv("env"), kModule("__module__"), kName("__name__");

constexpr WebRequestFacts kFacts = {.component = "falcon",
                                    .request = {"falcon.request", "http.server.request"},
                                    .keeps_service = true};
constinit bool continues = true;

void prepare(const Settings& from) { continues = from.knob("falcon", "DISTRIBUTED_TRACING", true); }

void enter(Call& call, Scope& scope) {
  const Handle environ = call.arg(0, kEnv);
  if (!environ.is_dict()) return;
  tracing::LiveSpan span = start_web_request(kFacts, environ, continues);
  if (!span) return;
  span.span().remove(tags::kHttpUserAgent);
  hear_answer(call, scope, std::move(span));
}

void leave(Outcome& outcome, Scope& scope) {
  const tracing::LiveSpan* live = heard_request(scope);
  if (!live) return;
  trace::Span& span = live->span();
  if (outcome.error) live->fail(outcome.error);
  if (!span.has(tags::kHttpRoute)) {
    const std::string_view method = span.text(tags::kHttpMethod);
    span.set_resource(std::string(method) + " " + std::string(span.text(tags::kHttpStatusCode)));
  }
  live->finish();
}

// Its result: (responder, parameters, resource, template of the path)
void leave_find(Outcome& outcome, Scope&) {
  if (!outcome.result.is_tuple() || outcome.result.size() != 4) return;
  const Ref active = tracing::active();
  trace::Span* span = const_cast<trace::Span*>(tracing::native(active));
  const Ref resource = outcome.result.item(Py_ssize_t{2}),
            path = outcome.result.item(Py_ssize_t{3});
  if (!span || span->text(tags::kComponent) != kFacts.component || resource.is_none()) return;
  const Ref module = resource.type().attr(kModule), name = resource.type().attr(kName);
  span->set_resource(std::string(span->text(tags::kHttpMethod))
                         .append(" ")
                         .append(module.utf8())
                         .append(".")
                         .append(name.utf8()));
  span->set(tags::kHttpRoute, path.utf8());
}

constexpr const char* kModules[] = {"falcon"};
constexpr py::Target kTargets[] = {
    {.where = "falcon.app:App.__call__", .enter = enter, .leave = leave},
    {.where = "falcon.app:App._get_responder", .leave = leave_find},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "falcon",
                                     .package = "falcon",
                                     .versions = ">=3.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::falcon
