// pylibmc: one span a command.

#include <string_view>

#include "contrib/support/integration.h"
#include "contrib/support/memcache_client.h"

namespace dd::contrib::pylibmc {
namespace {

Name kAddresses("addresses");

MemcachePlace place(Handle client) {
  const Ref address = client.attr(kAddresses).item(Py_ssize_t{0});
  const std::string_view text = address.utf8();
  const std::size_t colon = text.rfind(':');
  MemcachePlace known{.host = py::str(text.substr(0, colon))};
  if (colon == std::string_view::npos) return known;
  long long port = 0;
  for (const char c : text.substr(colon + 1))
    if (c >= '0' && c <= '9') port = port * 10 + (c - '0');
  known.port = py::integer(port);
  return known;
}

constexpr MemcacheFacts kFacts = {.component = "pylibmc",
                                  .command = {"memcached.cmd", "memcached.command"},
                                  .place = place,
                                  .tells_failed_keys = false};
constinit const MemcacheKnobs* knobs = nullptr;

void prepare(const Settings& from) {
  knobs = new MemcacheKnobs{.own_service = from.own_service("pylibmc"), .tells_keys = true};
}

constexpr MemcacheCommand command(std::string_view name, bool prefixed = false,
                                  MemcacheCommand::Rows rows = MemcacheCommand::kNone) {
  return {.facts = &kFacts, .knobs = &knobs, .name = name, .rows = rows, .prefixed = prefixed};
}
constexpr MemcacheCommand kSet = command("set"), kAdd = command("add"), kAppend = command("append"),
                          kPrepend = command("prepend"), kCas = command("cas"),
                          kGet = command("get", false, MemcacheCommand::kOne),
                          kGets = command("gets", false, MemcacheCommand::kFirst),
                          kDelete = command("delete"), kIncr = command("incr"),
                          kDecr = command("decr"), kTouch = command("touch"),
                          kSetMulti = command("set_multi", true),
                          kGetMulti = command("get_multi", true, MemcacheCommand::kMany),
                          kDeleteMulti = command("delete_multi", true);

constexpr const char* kModules[] = {"pylibmc"};
constexpr py::Target kTargets[] = {
    memcache_target("pylibmc:Client.set", kSet),
    memcache_target("pylibmc:Client.add", kAdd),
    memcache_target("pylibmc:Client.append", kAppend),
    memcache_target("pylibmc:Client.prepend", kPrepend),
    memcache_target("pylibmc:Client.cas", kCas),
    memcache_target("pylibmc:Client.get", kGet),
    memcache_target("pylibmc:Client.gets", kGets),
    memcache_target("pylibmc:Client.delete", kDelete),
    memcache_target("pylibmc:Client.incr", kIncr),
    memcache_target("pylibmc:Client.decr", kDecr),
    memcache_target("pylibmc:Client.touch", kTouch),
    memcache_target("pylibmc:Client.set_multi", kSetMulti),
    memcache_target("pylibmc:Client.get_multi", kGetMulti),
    memcache_target("pylibmc:Client.delete_multi", kDeleteMulti),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "pylibmc",
                                     .package = "pylibmc",
                                     .versions = ">=1.6.2",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::pylibmc
