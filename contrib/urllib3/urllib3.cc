// urllib3: one client span per HTTPConnectionPool.urlopen; a retry is a child of the first try.

#include "contrib/support/http_client.h"
#include "contrib/support/integration.h"

namespace dd::contrib::urllib3 {
namespace {

using py::Call;
using py::Handle;
using py::Name;
using py::Outcome;
using py::Ref;
using py::Scope;

Name kHeaders("headers"), kHost("host"), kMethod("method"), kPort("port"), kReason("reason"),
    kScheme("scheme"), kStatus("status"), kUrl("url");

constexpr HttpClientFacts kFacts = {.component = "urllib3",
                                    .operation = {"urllib3.request", "http.client.request"},
                                    .measured = false,
                                    .tells_server_address = true};
constinit const HttpClientKnobs* knobs = nullptr;

void prepare(const Settings& from) {
  knobs = new HttpClientKnobs(http_client_knobs(from, "urllib3"));
}

std::string whole_url(Handle pool, std::string_view url) {
  const Ref scheme = pool.attr(kScheme), host = pool.attr(kHost), port = pool.attr(kPort);
  std::string out(scheme.utf8());
  out.append("://").append(host.utf8());
  if (port.is_int()) out.append(":").append(std::to_string(port.integer()));
  return out.append(url);
}

void enter_urlopen(Call& call, Scope& scope) {
  const Handle method = call.arg(0, kMethod), url = call.arg(1, kUrl);
  if (!url.is_str()) return;
  const std::string_view given = url.utf8();
  const std::string whole =
      given.starts_with('/') ? whole_url(call.self(), given) : std::string(given);
  // The caller's dictionary stays as it is: a copy travels.
  const Handle headers = call.arg(3, kHeaders);
  const bool inject = knobs->injects && !inner_injection_suppressed();
  Ref sent = py::dict();
  if (headers && !headers.is_none()) {
    headers.each_pair([&](Handle name, Handle value) { (void)sent.set_item(name, value); });
  }
  start_http_client(scope, kFacts, *knobs,
                    {.method = method.utf8(), .url = whole, .headers = sent, .may_inject = inject});
  // With no headers of its own the pool sends its own default ones: nothing may be put in their
  // place.
  if (inject && headers && !headers.is_none())
    (void)call.replace_arg(3, kHeaders, static_cast<Ref&&>(sent));
}

void leave_urlopen(Outcome& outcome, Scope& scope) {
  const Ref status = outcome.result.attr(kStatus);
  const Ref reason = outcome.result.attr(kReason);
  const Ref headers = outcome.result.attr(kHeaders);
  finish_http_client(
      outcome, scope,
      {.status = static_cast<int>(status.integer()), .reason = reason.utf8(), .headers = headers});
}

constexpr const char* kModules[] = {"urllib3"};
constexpr py::Target kTargets[] = {
    {"urllib3.connectionpool:HTTPConnectionPool.urlopen", enter_urlopen, leave_urlopen},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "urllib3",
                                     .package = "urllib3",
                                     .versions = ">=1.25.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::urllib3
