// tornado: one span a request, named after the class of its handler, and one for each template.

#include <string>
#include <string_view>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/plain_request.h"
#include "contrib/support/step.h"
#include "contrib/support/traced_call.h"
#include "contrib/support/web_server.h"
#include "core/py/attached.h"
#include "core/trace/tags.h"
#include "core/tracing/start.h"

namespace dd::contrib::tornado {
namespace {

Name kApplication("application"), kFinished("_finished"), kFullUrl("full_url"), kHeaders("headers"),
    kHttpError("HTTPError"), kMatch("match"), kMatcher("matcher"), kMethod("method"), kName("name"),
    kPath("_path"), kPattern("pattern"), kPeer("remote_ip"), kRegex("regex"), kRequest("request"),
    kRouter("wildcard_router"), kRules("rules"), kDefaultRouter("default_router"),
    kSettings("settings"), kStatus("_status_code"), kStatusOf("status_code"), kTarget("target"),
    kValue("value");

constexpr std::string_view kComponent = "tornado";
constexpr trace::Key kTemplateName("tornado.template_name");
constinit bool continues = true;

void prepare(const Settings& from) {
  continues = from.knob("tornado", "DISTRIBUTED_TRACING", true);
}

// The application's own settings for the tracer.
Ref own_settings(Handle application) { return application.attr(kSettings).item("datadog_trace"); }

// The path of the rule that has led to the handler, with "%s" for what varies.
std::string route_of(Handle router, Handle request, int depth = 0) {
  std::string found;
  if (depth > 8) return found;
  router.attr(kRules).each([&](Handle rule) {
    const Ref matcher = rule.attr(kMatcher);
    const Ref match = found.empty() ? matcher.call_method(kMatch, request) : Ref();
    if (!match || match.is_none()) return;
    const Ref target = rule.attr(kTarget), regex = matcher.attr(kRegex);
    if (const Ref below = target.attr(kRules)) {
      found = route_of(target, request, depth + 1);
    } else if (regex) {
      const Ref path = matcher.attr(kPath);
      found = path.is_str() ? path.text() : regex.attr(kPattern).text();
    }
  });
  return found;
}

struct Served {
  LiveSpan span;
};
constinit py::Attached<Served> served;

struct Asked {
  Ref handler;
};

void enter_execute(Call& call, Scope& scope) { scope.emplace<Asked>(call.self().share()); }

void begin_execute(Scope& scope) {
  const Asked* asked = scope.get<Asked>();
  if (!asked) return;
  const Handle handler = asked->handler;
  const Ref request = handler.attr(kRequest), application = handler.attr(kApplication);
  const Ref own = own_settings(application), own_service = own.item("default_service"),
            own_continues = own.item("distributed_tracing");
  const Settings& all = settings();
  Named named = all.naming.of_server(
      {.integration = kComponent, .fallback = "tornado-web", .own = own_service.utf8()});
  if (own_service.utf8().empty() && named.source == "m") named.source = kComponent;
  const std::string resource = class_path(handler.type());
  const PlainRequest asks = {.method = request.attr(kMethod).text(),
                             .url = request.call_method(kFullUrl).text(),
                             .headers = plain_headers(request.attr(kHeaders)),
                             .peer = request.attr(kPeer).text()};
  LiveSpan live =
      start_plain_request(asks, own_continues ? own_continues.truth(true) : continues,
                          {.name = all.naming.operation({"tornado.request", "http.server.request"}),
                           .service = named.service,
                           .resource = resource,
                           .type = "web",
                           .measured = true});
  if (!live) return;
  trace::Span& span = live.span();
  span.set_static(tags::kComponent, kComponent);
  span.set_static(tags::kSpanKind, "server");
  span.set(tags::kServiceSource, named.source);
  tag_plain_request(span, asks);
  std::string route = route_of(application.attr(kDefaultRouter), request);
  if (route.empty()) route = route_of(application.attr(kRouter), request);
  span.set(tags::kHttpRoute, route.empty() ? "^$" : route);
  served.attach(handler, Served{std::move(live)});
}

void finish(Handle handler) {
  const Served* state = served.find(handler);
  if (!state || !state->span.open()) return;
  tag_http_status(state->span.span(), static_cast<int>(handler.attr(kStatus).integer()));
  state->span.finish();
}

void enter_on_finish(Call& call, Scope&) { finish(call.self()); }

// A handler may answer later, or have an on_finish() of its own.
void leave_execute(Outcome& outcome, Scope& scope) {
  const Asked* asked = scope.get<Asked>();
  if (!asked) return;
  const Served* state = served.find(asked->handler);
  if (!state || !state->span.open()) return;
  if (outcome.error) state->span.fail(outcome.error);
  if (outcome.error || asked->handler.attr(kFinished).is_true()) finish(asked->handler);
}

// What a handler has raised. Of answers that are no errors only the status is told.
void enter_log_exception(Call& call, Scope&) {
  const Served* state = served.find(call.self());
  const Handle error = call.arg(1, kValue);
  if (!state || !state->span.open() || !error) return;
  const Ref answer = py::imported("tornado.web").attr(kHttpError);
  if (answer && error.instance_of(answer) &&
      !settings().error_statuses.contains(static_cast<int>(error.attr(kStatusOf).integer())))
    return;
  state->span.fail(error);
}

void leave_application(Outcome&, Scope& scope) {
  const Ref* application = scope.get<Ref>();
  const Ref wanted = application ? own_settings(*application).item("tags") : Ref();
  if (wanted.is_dict() && wanted.size() > 0) tracing::set_common_tags(wanted);
}
void enter_application(Call& call, Scope& scope) { scope.emplace<Ref>(call.self().share()); }

void enter_template(Call& call, Scope& scope) {
  const Ref name = call.self().attr(kName);
  const std::string_view shown = name.utf8() == "<string>" ? "render_string" : name.utf8();
  if (const LiveSpan& live = start_step(scope, {.name = "tornado.template",
                                                .component = kComponent,
                                                .resource = shown,
                                                .type = "template"}))
    live.span().set(kTemplateName, shown);
}
void leave_template(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"tornado"};
constexpr py::Target kTargets[] = {
    {.where = "tornado.web:Application.__init__",
     .enter = enter_application,
     .leave = leave_application},
    {.where = "tornado.web:RequestHandler._execute",
     .enter = enter_execute,
     .leave = leave_execute,
     .kind = py::Kind::kAwaitable,
     .begin = begin_execute},
    {.where = "tornado.web:RequestHandler.on_finish", .enter = enter_on_finish},
    {.where = "tornado.web:RequestHandler.log_exception", .enter = enter_log_exception},
    {.where = "tornado.template:Template.generate",
     .enter = enter_template,
     .leave = leave_template},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "tornado",
                                     .package = "tornado",
                                     .versions = ">=6.1",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::tornado
