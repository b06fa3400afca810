#include "contrib/support/memcache_client.h"

#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/pin.h"
#include "contrib/support/step.h"
#include "core/trace/tags.h"

namespace dd::contrib {
namespace {

// Commands call each other: the outermost has the span.
constinit py::ContextVariable inside("ddtrace_memcache_inside");
constexpr trace::Key kMemcacheQuery("memcached.query");

py::Name kKey("key"), kKeyPrefix("key_prefix"), kKeys("keys");

// "get_many a b": the name and the keys, without values.
std::string query_of(const py::Call& call, const MemcacheCommand& command) {
  std::string query(command.name);
  if (command.prefixed) {
    const std::string prefix = call.arg(kKeyPrefix).text();
    return prefix.empty() ? prefix : query.append(" ").append(prefix);
  }
  Handle keys = call.arg(0, kKey);
  if (!keys) keys = call.arg(kKeys);
  const auto add = [&query](Handle key) { query.append(" ").append(key.text()); };
  if (keys.is_list() || keys.is_tuple() || keys.is_dict())
    keys.each(add);
  else if (keys.is_str() || keys.is_bytes())
    add(keys);
  return query;
}

std::int64_t rows_of(MemcacheCommand::Rows rows, Handle result) {
  if (rows == MemcacheCommand::kMany) return result.size() > 0 ? result.size() : 0;
  if (rows == MemcacheCommand::kFirst && result.is_tuple())
    return result.item(Py_ssize_t{0}).truth() ? 1 : 0;
  return result.truth() ? 1 : 0;
}

}  // namespace

void enter_memcache(py::Call& call, py::Scope& scope) {
  const MemcacheCommand& command = *static_cast<const MemcacheCommand*>(call.data());
  const MemcacheKnobs& knobs = **command.knobs;
  if (inside.is_set()) return;
  const Pin pin = Pin::of(call.self());
  const std::string pinned = pin ? pin.service() : std::string();
  const Named named = settings().naming.of_client(
      {.integration = command.facts->component,
       .fallback = "memcached",
       .own = pinned.empty() ? std::string_view(knobs.own_service) : pinned});
  const tracing::LiveSpan& live =
      start_step(scope, {.name = settings().naming.operation(command.facts->command),
                         .component = command.facts->component,
                         .service = named.service,
                         .source = named.source,
                         .resource = command.name,
                         .type = "cache",
                         .kind = "client",
                         .measured = true,
                         .late_service = true,
                         .flag = &inside});
  if (!live) return;
  trace::Span& span = live.span();
  span.set_static(tags::kDbSystem, "memcached");
  const MemcachePlace place = command.facts->place(call.self());
  if (place.host.is_str()) {
    span.set(tags::kOutHost, place.host.utf8());
    span.set(tags::kServerAddress, place.host.utf8());
  }
  if (place.port.is_int())
    span.set(tags::kDestinationPort, static_cast<std::int64_t>(place.port.integer()));
  if (knobs.tells_keys)
    if (const std::string query = query_of(call, command); !query.empty())
      span.set(kMemcacheQuery, query);
  if (pin) pin.tag(span);
}

void leave_memcache(py::Outcome& outcome, py::Scope& scope) {
  const MemcacheCommand& command = *static_cast<const MemcacheCommand*>(outcome.data());
  const tracing::LiveSpan* live = step_of(scope);
  if (live && outcome.result && command.rows != MemcacheCommand::kNone)
    live->span().set(tags::kDbRowCount, rows_of(command.rows, outcome.result));
  if (live && outcome.error && !command.facts->tells_failed_keys)
    live->span().remove(kMemcacheQuery);
  finish_step(outcome, scope);
}

}  // namespace dd::contrib
