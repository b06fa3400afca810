// httpx: one client span per send() of a client, trace headers on the way out.

#include "contrib/support/http_client.h"
#include "contrib/support/integration.h"
#include "contrib/support/step.h"

namespace dd::contrib::httpx {
namespace {

using py::Call;
using py::Handle;
using py::Name;
using py::Outcome;
using py::Ref;
using py::Scope;

Name kHeaders("headers"), kMethod("method"), kRequest("request"), kStatusCode("status_code"),
    kUrl("url");

constexpr HttpClientFacts kFacts = {.component = "httpx",
                                    .operation = {"http.request", "http.client.request"}};
constinit const HttpClientKnobs* knobs = nullptr;

void prepare(const Settings& from) {
  knobs = new HttpClientKnobs(http_client_knobs(from, "httpx"));
}

void start(Call& call, Scope& scope, bool waits) {
  const Handle request = call.arg(0, kRequest);
  const Ref method = request.attr(kMethod), headers = request.attr(kHeaders);
  const std::string url = request.attr(kUrl).display();
  start_http_client(scope, kFacts, *knobs,
                    {.method = method.utf8(), .url = url, .headers = headers, .waits = waits});
}

void enter_send(Call& call, Scope& scope) { start(call, scope, false); }
void enter_async_send(Call& call, Scope& scope) { start(call, scope, true); }

void leave_send(Outcome& outcome, Scope& scope) {
  const Ref status = outcome.result.attr(kStatusCode), headers = outcome.result.attr(kHeaders);
  finish_http_client(outcome, scope,
                     {.status = static_cast<int>(status.integer()), .headers = headers});
}

constexpr const char* kModules[] = {"httpx"};
constexpr py::Target kTargets[] = {
    {"httpx:Client.send", enter_send, leave_send},
    {.where = "httpx:AsyncClient.send",
     .enter = enter_async_send,
     .leave = leave_send,
     .kind = py::Kind::kAwaitable,
     .begin = begin_step},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "httpx",
                                     .package = "httpx",
                                     .versions = ">=0.25",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::httpx
