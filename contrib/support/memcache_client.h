// Shared engine of clients of memcached: one span a command.
//
// GIL held; nothing here raises.

#pragma once

#include <string>
#include <string_view>

#include "contrib/rules/settings.h"
#include "core/py/hook.h"

namespace dd::contrib {

struct MemcachePlace {
  py::Ref host{}, port{};  // a port is an int
};

struct MemcacheFacts {         // of a library, immutable
  std::string_view component;  // "pymemcache": also its section of the settings
  Operation command;
  MemcachePlace (*place)(py::Handle client);
  bool tells_failed_keys = true;
};

struct MemcacheKnobs {
  std::string own_service;
  bool tells_keys;
};

struct MemcacheCommand {  // data of a target
  const MemcacheFacts* facts;
  const MemcacheKnobs* const* knobs;
  std::string_view name;                                                  // "get_many"
  enum Rows : unsigned char { kNone, kOne, kFirst, kMany } rows = kNone;  // what the result holds
  bool prefixed = false;  // its keys are known by their `key_prefix`
};

void enter_memcache(py::Call& call, py::Scope& scope);
void leave_memcache(py::Outcome& outcome, py::Scope& scope);

constexpr py::Target memcache_target(const char* where, const MemcacheCommand& what) {
  return {.where = where,
          .enter = enter_memcache,
          .leave = leave_memcache,
          .optional = true,
          .data = &what};
}

}  // namespace dd::contrib
