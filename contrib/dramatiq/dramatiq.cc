// dramatiq: a span for each message that an actor sends.

#include <string>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/trace/tags.h"

namespace dd::contrib::dramatiq {
namespace {

Name kActorName("actor_name"), kOptions("options");

struct Knobs {
  std::string own_service;
};
constinit const Knobs* knobs = nullptr;
void prepare(const Settings& from) { knobs = new Knobs{from.own_service("dramatiq")}; }

void enter_send(Call& call, Scope& scope) {
  const bool own = !knobs->own_service.empty();
  const Naming& naming = settings().naming;
  const Named named = naming.mapped({.service = own ? knobs->own_service : naming.facts().service,
                                     .source = own ? "m" : "dramatiq"});
  const tracing::LiveSpan& live =
      start_step(scope, {.name = "dramatiq.Actor.send_with_options",
                         .service = named.service,
                         .source = named.before.empty() ? named.source : named.before,
                         .type = "worker",
                         .kind = "producer",
                         .late_service = true});
  if (!live) return;
  live.span().set(trace::Key("actor.name"), call.self().attr(kActorName).text());
  live.span().set(trace::Key("actor.options"), call.self().attr(kOptions).display());
}

void leave_send(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"dramatiq"};
constexpr py::Target kTargets[] = {
    {.where = "dramatiq.actor:Actor.send_with_options", .enter = enter_send, .leave = leave_send},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "dramatiq",
                                     .package = "dramatiq",
                                     .versions = ">=1.10.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::dramatiq
