// aiohttp: one client span per request of a session, one below it for each connection it waits for.

#include <utility>

#include "contrib/support/http_client.h"
#include "contrib/support/integration.h"
#include "contrib/support/step.h"

namespace dd::contrib::aiohttp {
namespace {

Name kBuildUrl("_build_url"), kHeaders("headers"), kMethod("method"), kParams("params"),
    kReason("reason"), kStatus("status"), kUpdateQuery("update_query"), kUrl("str_or_url"),
    kUserAgent("user-agent");

constexpr HttpClientFacts kFacts = {.component = "aiohttp_client",
                                    .operation = {"aiohttp.request", "http.client.request"},
                                    .measured = false,
                                    .inherits_service = true,
                                    .inherited_source = "aiohttp_client",
                                    .domain_without_port = true,
                                    .tells_user_agent = false,
                                    .method_as_given = true};
constinit const HttpClientKnobs* knobs = nullptr;

void prepare(const Settings& from) {
  knobs = new HttpClientKnobs(http_client_knobs(from, "aiohttp_client"));
}

// With the session's base and the parameters, as it will be asked for.
std::string whole_url(const Call& call) {
  const Handle given = call.arg(1, kUrl), params = call.arg(kParams);
  Ref url = call.self().call_method(kBuildUrl, given);
  if (params && !params.is_none())
    if (Ref more = url.call_method(kUpdateQuery, params)) url = std::move(more);
  return url ? url.display() : given.display();
}

void enter_request(Call& call, Scope& scope) {
  const Handle method = call.arg(0, kMethod), given = call.arg(kHeaders);
  // A copy: what the caller gave stays as it is.
  const Ref mapping = py::imported("multidict").attr("CIMultiDict");
  Ref headers = given.truth() ? mapping.call(given) : mapping.call();
  start_http_client(scope, kFacts, *knobs,
                    {.method = method.utf8(),
                     .url = whole_url(call),
                     .headers = headers,
                     .client = call.self(),
                     .waits = true});
  const tracing::LiveSpan* live = step_of(scope);
  if (!live) return;
  // Of the request's own headers, as their container finds it; the session's are not asked.
  const Ref agent = (given.is_dict() ? given : Handle(headers)).item(kUserAgent);
  if (!agent.utf8().empty()) live->span().set(tags::kHttpUserAgent, agent.utf8());
  if (knobs->injects && headers) (void)call.replace_arg(kHeaders, std::move(headers));
}

void leave_request(Outcome& outcome, Scope& scope) {
  const Ref reason = outcome.result.attr(kReason), headers = outcome.result.attr(kHeaders);
  finish_http_client(outcome, scope,
                     {.status = static_cast<int>(outcome.result.attr(kStatus).integer()),
                      .reason = reason.utf8(),
                      .headers = headers});
}

void enter_connect(Call& call, Scope& scope) {
  const std::string name = std::string(call.self().type_name()) + ".connect";
  start_step(
      scope,
      {.name = name, .component = "aiohttp", .source = "aiohttp", .kind = "client", .waits = true});
}

void leave_connect(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"aiohttp"};
constexpr py::Target kTargets[] = {
    {.where = "aiohttp.client:ClientSession._request",
     .enter = enter_request,
     .leave = leave_request,
     .kind = py::Kind::kAwaitable,
     .begin = begin_step},
    {.where = "aiohttp.connector:BaseConnector.connect",
     .enter = enter_connect,
     .leave = leave_connect,
     .kind = py::Kind::kAwaitable,
     .begin = begin_step},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "aiohttp",
                                     .package = "aiohttp",
                                     .versions = ">=3.7",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::aiohttp
