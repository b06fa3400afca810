// urllib3: one client span per HTTPConnectionPool.urlopen; a retry is a child of the first try.

#include "contrib/support/http_client.h"
#include "contrib/support/integration.h"

namespace dd::contrib::urllib3 {
namespace {

Name kCopy("copy"), kHeaders("headers"), kHost("host"), kMethod("method"), kPort("port"),
    kReason("reason"), kRetries("retries"), kScheme("scheme"), kStatus("status"), kTotal("total"),
    kUrl("url");

constexpr HttpClientFacts kFacts = {.component = "urllib3",
                                    .service = "urllib3",
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
  const long long number = port.integer();
  if (number > 0 && number != 80 && number != 443) out.append(":").append(std::to_string(number));
  return out.append(url);
}

// What the caller gave, or what the pool sends instead. A copy, where we are going to write into
// it: the caller's own dictionary stays as it is.
Ref headers_to_send(const Call& call, bool copied) {
  const Handle given = call.arg(3, kHeaders);
  Ref headers = given && !given.is_none() ? given.share() : call.self().attr(kHeaders);
  return copied ? headers.call_method(kCopy) : static_cast<Ref&&>(headers);
}

void enter_urlopen(Call& call, Scope& scope) {
  const Handle method = call.arg(0, kMethod), url = call.arg(1, kUrl);
  if (!url.is_str()) return;
  const std::string_view given = url.utf8();
  const std::string whole =
      given.starts_with('/') ? whole_url(call.self(), given) : std::string(given);
  const bool inject = knobs->injects && !inner_injection_suppressed();
  Ref sent = headers_to_send(call, inject);
  const Ref host = call.self().attr(kHost);
  // Only a Retry object says how many tries are left; a number is made one further below.
  const Ref total = call.arg(4, kRetries).attr(kTotal);
  start_http_client(
      scope, kFacts, *knobs,
      {.method = method.utf8(),
       .url = whole,
       .host = host.utf8(),
       .headers = sent,
       .may_inject = inject,
       .retries_remain = total && !total.is_none() ? total.display() : std::string()});
  if (inject && sent) (void)call.replace_arg(3, kHeaders, static_cast<Ref&&>(sent));
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
