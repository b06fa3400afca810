// requests: one client span per Session.send, trace headers on the way out.

#include "contrib/support/http_client.h"
#include "contrib/support/integration.h"

namespace dd::contrib::requests {
namespace {

using py::Call;
using py::Handle;
using py::Name;
using py::Outcome;
using py::Ref;
using py::Scope;

Name kHeaders("headers"), kMethod("method"), kReason("reason"), kRequest("request"),
    kStatusCode("status_code"), kUrl("url");

constexpr HttpClientFacts kFacts = {.component = "requests",
                                    .service = "requests",
                                    .operation = {"requests.request", "http.client.request"},
                                    .resource_is_path = true};
constinit const HttpClientKnobs* knobs = nullptr;

void prepare(const Settings& from) {
  knobs = new HttpClientKnobs(http_client_knobs(from, "requests"));
}

void enter_send(Call& call, Scope& scope) {
  const Handle request = call.arg(0, kRequest);
  const Ref url = request.attr(kUrl);
  const Ref method = request.attr(kMethod);
  const Ref headers = request.attr(kHeaders);
  if (!url.is_str()) return;
  start_http_client(
      scope, kFacts, *knobs,
      {.method = method.utf8(), .url = url.utf8(), .headers = headers, .client = call.self()});
}

void leave_send(Outcome& outcome, Scope& scope) {
  const Ref status = outcome.result.attr(kStatusCode);
  const Ref reason = outcome.result.attr(kReason);
  const Ref headers = outcome.result.attr(kHeaders);
  finish_http_client(
      outcome, scope,
      {.status = static_cast<int>(status.integer()), .reason = reason.utf8(), .headers = headers});
}

// Session.send wrote the headers; urllib3 below must not repeat them.
void enter_adapter(Call&, Scope& scope) { suppress_inner_injection(scope, kFacts.component); }

constexpr const char* kModules[] = {"requests"};
constexpr py::Target kTargets[] = {
    {"requests.sessions:Session.send", enter_send, leave_send},
    {"requests.adapters:HTTPAdapter.send", enter_adapter, nullptr},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "requests",
                                     .package = "requests",
                                     .versions = ">=2.25.1",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::requests
