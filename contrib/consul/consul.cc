// consul: a span for each key that is put, read or deleted, around its request.

#include <string>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/trace/tags.h"

namespace dd::contrib::consul {
namespace {

Name kAgent("agent"), kHost("host"), kHttp("http"), kKey("key");

constinit const std::string* own_service = nullptr;
void prepare(const Settings& from) { own_service = new std::string(from.own_service("consul")); }

void enter(Call& call, Scope& scope) {
  const char* verb = static_cast<const char*>(call.data());
  const Naming& naming = settings().naming;
  const Named named =
      naming.of_client({.integration = "consul", .fallback = "consul", .own = *own_service});
  const tracing::LiveSpan& live =
      start_step(scope, {.name = naming.operation({"consul.command", "http.client.request"}),
                         .component = "consul",
                         .resource = verb,
                         .type = "http",
                         .kind = "client",
                         .measured = true});
  if (!live) return;
  trace::Span& span = live.span();
  if (named.source == "consul")  // nobody's choice: that is not told
    span.set_service(named.service);
  else
    set_late_service(span, named.service, named.source);
  const Ref host = call.self().attr(kAgent).attr(kHttp).attr(kHost);
  span.set(trace::tags::kOutHost, host.text());
  span.set(trace::Key("consul.key"), call.arg(0, kKey).text());
  span.set(trace::Key("consul.command"), verb);
}

void leave(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr py::Target on(const char* where, const char* verb) {
  return {.where = where, .enter = enter, .leave = leave, .data = verb};
}
constexpr const char* kModules[] = {"consul"};
constexpr py::Target kTargets[] = {on("consul.base:Consul.KV.put", "PUT"),
                                   on("consul.base:Consul.KV.get", "GET"),
                                   on("consul.base:Consul.KV.delete", "DELETE")};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "consul",
                                     .package = "python-consul",
                                     .versions = ">=1.1",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::consul
