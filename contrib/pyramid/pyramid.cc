// pyramid: one span a request, named after its route, and one for each renderer.

#include <string>
#include <string_view>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "contrib/support/web_server.h"
#include "core/trace/tags.h"

namespace dd::contrib::pyramid {
namespace {

Name kEnviron("environ"), kHeaders("headerlist"), kMatchedRoute("matched_route"),
    kPlainName("name"), kNext("tb_next"), kPattern("pattern"), kRequest("request"),
    kStatus("status_int");

constexpr trace::Key kRouteName("pyramid.route.name");
constexpr WebRequestFacts kFacts = {.component = "pyramid",
                                    .request = {"pyramid.request", "http.server.request"}};
constinit bool continues = true;

void prepare(const Settings& from) {
  continues = from.knob("pyramid", "DISTRIBUTED_TRACING", true);
}

struct Running {
  Running(tracing::LiveSpan&& started, Ref&& of)
      : span(std::move(started)), request(std::move(of)) {}
  Running(Running&& other) noexcept
      : span(std::move(other.span)), request(std::move(other.request)) {}
  ~Running() {
    if (span.open()) span.finish();
  }
  tracing::LiveSpan span;
  Ref request;
};

void enter(Call& call, Scope& scope) {
  const py::Handle request = call.arg(0, kRequest);
  const Ref environ = request.attr(kEnviron);
  if (!environ.is_dict()) return;
  tracing::LiveSpan span = start_web_request(kFacts, environ, continues);
  if (span) scope.emplace<Running>(std::move(span), request.share());
}

void leave(Outcome& outcome, Scope& scope) {
  const Running* running = scope.get<Running>();
  if (!running) return;
  trace::Span& span = running->span.span();
  const Ref route = running->request.attr(kMatchedRoute);
  const int status =
      outcome.result ? static_cast<int>(outcome.result.attr(kStatus).integer()) : 500;
  tag_http_status(span, status);
  if (outcome.error) {
    // Below the frame of the router.
    const Ref whole = Ref::steal(PyException_GetTraceback(outcome.error.ptr()));
    const Ref inside = whole.attr(kNext);
    running->span.fail(outcome.error, inside && !inside.is_none() ? inside : whole);
  } else {
    tag_answer_headers(span, outcome.result.attr(kHeaders));
  }
  if (route && !route.is_none()) {
    const Ref name = route.attr(kPlainName), pattern = route.attr(kPattern);
    const std::string method(span.text(tags::kHttpMethod));
    span.set_resource(method + " " + name.text());
    span.set(kRouteName, name.text());
    span.set(tags::kHttpRoute, pattern.text());
  } else {
    span.set_resource(std::to_string(status));
  }
  running->span.finish();
}

void enter_render(Call&, Scope& scope) {
  start_step(scope, {.name = "pyramid.render", .component = kFacts.component, .type = "template"});
}
void leave_render(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"pyramid"};
constexpr py::Target kTargets[] = {
    {.where = "pyramid.router:Router.invoke_request", .enter = enter, .leave = leave},
    {.where = "pyramid.renderers:RendererHelper.render",
     .enter = enter_render,
     .leave = leave_render},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "pyramid",
                                     .package = "pyramid",
                                     .versions = ">=1.10",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::pyramid
