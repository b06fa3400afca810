// dogpile.cache: one span for each get_or_create(), which says whether the value was there.

#include <string>
#include <string_view>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/trace/tags.h"

namespace dd::contrib::dogpile_cache {
namespace {

Name kBackend("actual_backend"), kCreated("createdtime"), kKey("key"), kKeys("keys"),
    kName("__name__"), kRegion("name");

constexpr Operation kOperation = {"dogpile.cache", "dogpile.command"};
constexpr trace::Key kHit("hit"), kExpired("expired");
constinit const std::string* own_service = nullptr;

void prepare(const Settings& from) {
  own_service = new std::string(from.own_service("dogpile_cache"));
}

tracing::LiveSpan& start(Call& call, Scope& scope, std::string_view resource) {
  const Settings& all = settings();
  const bool own = !own_service->empty();
  const bool named = own || all.naming.facts().service_is_users;
  tracing::LiveSpan& live =
      start_step(scope, {.name = all.naming.operation(kOperation),
                         .component = "dogpile_cache",
                         .service = own ? std::string_view(*own_service) : std::string_view(),
                         .source = named ? "m" : "dogpile_cache",
                         .resource = resource,
                         .type = "cache",
                         .measured = true});
  if (!live) return live;
  const Ref region = call.self().attr(kRegion);
  const Ref backend = call.self().attr(kBackend).type().attr(kName);
  live.span().set(trace::Key("region"), region.display());
  live.span().set(trace::Key("backend"), backend.text());
  return live;
}

void enter_one(Call& call, Scope& scope) {
  const Handle key = call.arg(0, kKey);
  if (const auto& live = start(call, scope, "get_or_create"); live && key)
    live.span().set(trace::Key("key"), key.display());
}

void enter_many(Call& call, Scope& scope) {
  const Handle keys = call.arg(0, kKeys);
  const bool can_be_shown = keys.is_list() || keys.is_tuple();  // a generator would be used up
  if (const auto& live = start(call, scope, "get_or_create_multi"); live && can_be_shown)
    live.span().set(trace::Key("keys"), keys.display());
}

void leave(Outcome& outcome, Scope& scope) {
  if (const tracing::LiveSpan* live = step_of(scope); live && outcome.result) {
    const bool many = live->span().resource.view() == "get_or_create_multi";
    live->span().set(trace::tags::kDbRowCount,
                     static_cast<std::int64_t>(many ? outcome.result.size() : 1));
  }
  finish_step(outcome, scope);
}

// _enter_create(value, when it was made): whether there was one, and whether it still holds.
void enter_lock(Call& call, Scope& scope) {
  const Handle made = call.arg(1, kCreated);
  scope.emplace<bool>(made && made.number() > 0);
}

void leave_lock(Outcome& outcome, Scope& scope) {
  const bool* found = scope.get<bool>();
  const Ref active = tracing::active();
  trace::Span* span = const_cast<trace::Span*>(tracing::native(active));
  if (!found || !span || span->text(trace::tags::kComponent) != "dogpile_cache") return;
  const Ref kept = py::imported("dogpile.lock").attr("NOT_REGENERATED");
  const bool holds = outcome.result && kept && outcome.result.is(kept);
  span->set_static(kHit, *found ? "True" : "False");
  span->set_static(kExpired, holds ? "False" : "True");
}

constexpr const char* kModules[] = {"dogpile.cache"};
constexpr py::Target kTargets[] = {
    {.where = "dogpile.cache.region:CacheRegion.get_or_create", .enter = enter_one, .leave = leave},
    {.where = "dogpile.cache.region:CacheRegion.get_or_create_multi",
     .enter = enter_many,
     .leave = leave},
    {.where = "dogpile.lock:Lock._enter_create", .enter = enter_lock, .leave = leave_lock},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "dogpile_cache",
                                     .package = "dogpile.cache",
                                     .versions = ">=0.6.8",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::dogpile_cache
