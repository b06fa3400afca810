// pymemcache: one span a command, of single clients and of those in pools and hashes.

#include "contrib/support/integration.h"
#include "contrib/support/memcache_client.h"

namespace dd::contrib::pymemcache {
namespace {

Name kServer("server");

MemcachePlace place(Handle client) {
  Ref server = client.attr(kServer);
  if (!server.is_tuple()) return {.host = static_cast<Ref&&>(server)};
  return {.host = server.item(Py_ssize_t{0}), .port = server.item(Py_ssize_t{1})};
}

constexpr MemcacheFacts kFacts = {.component = "pymemcache",
                                  .command = {"memcached.command", "memcached.command"},
                                  .place = place};
constinit const MemcacheKnobs* knobs = nullptr;

void prepare(const Settings& from) {
  knobs = new MemcacheKnobs{from.own_service("pymemcache"),
                            from.knob("trace_memcached", "COMMAND_ENABLED", false)};
}

constexpr MemcacheCommand command(std::string_view name,
                                  MemcacheCommand::Rows rows = MemcacheCommand::kNone) {
  return {.facts = &kFacts, .knobs = &knobs, .name = name, .rows = rows};
}
constexpr MemcacheCommand kSet = command("set"), kSetMany = command("set_many"),
                          kAdd = command("add"), kReplace = command("replace"),
                          kAppend = command("append"), kPrepend = command("prepend"),
                          kCas = command("cas"), kGet = command("get", MemcacheCommand::kOne),
                          kGets = command("gets", MemcacheCommand::kFirst),
                          kGetMany = command("get_many", MemcacheCommand::kMany),
                          kGetsMany = command("gets_many", MemcacheCommand::kMany),
                          kDelete = command("delete"), kDeleteMany = command("delete_many"),
                          kIncr = command("incr"), kDecr = command("decr"),
                          kTouch = command("touch"), kStats = command("stats"),
                          kVersion = command("version"), kFlushAll = command("flush_all"),
                          kQuit = command("quit");

constexpr const char* kModules[] = {"pymemcache"};
constexpr py::Target kTargets[] = {
    memcache_target("pymemcache.client.base:Client.set", kSet),
    memcache_target("pymemcache.client.base:Client.set_many", kSetMany),
    memcache_target("pymemcache.client.base:Client.add", kAdd),
    memcache_target("pymemcache.client.base:Client.replace", kReplace),
    memcache_target("pymemcache.client.base:Client.append", kAppend),
    memcache_target("pymemcache.client.base:Client.prepend", kPrepend),
    memcache_target("pymemcache.client.base:Client.cas", kCas),
    memcache_target("pymemcache.client.base:Client.get", kGet),
    memcache_target("pymemcache.client.base:Client.get_many", kGetMany),
    memcache_target("pymemcache.client.base:Client.gets", kGets),
    memcache_target("pymemcache.client.base:Client.gets_many", kGetsMany),
    memcache_target("pymemcache.client.base:Client.delete", kDelete),
    memcache_target("pymemcache.client.base:Client.delete_many", kDeleteMany),
    memcache_target("pymemcache.client.base:Client.incr", kIncr),
    memcache_target("pymemcache.client.base:Client.decr", kDecr),
    memcache_target("pymemcache.client.base:Client.touch", kTouch),
    memcache_target("pymemcache.client.base:Client.stats", kStats),
    memcache_target("pymemcache.client.base:Client.version", kVersion),
    memcache_target("pymemcache.client.base:Client.flush_all", kFlushAll),
    memcache_target("pymemcache.client.base:Client.quit", kQuit),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "pymemcache",
                                     .package = "pymemcache",
                                     .versions = ">=3.4",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::pymemcache
