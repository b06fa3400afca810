// Shared engine of clients that speak the protocol of Redis: one span a command or pipeline.
//
// GIL held; nothing here raises.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "contrib/rules/settings.h"
#include "core/py/hook.h"

namespace dd::contrib {

struct RedisFacts {            // of a library, immutable
  std::string_view component;  // "redis": also its section of the settings and its service
  Operation command;           // "redis.command"
};

struct RedisKnobs {  // of a library, from its settings
  std::string own_service;
  std::size_t longest = 1000;     // characters of a command
  bool only_command_word = true;  // in the resource
};
RedisKnobs redis_knobs(const Settings& settings, std::string_view section);

struct RedisDriver {  // data of a target
  const RedisFacts* facts;
  const RedisKnobs* const* knobs;
  bool waits = false;  // a coroutine: begin_step() is its target's `begin`
};

// execute_command(*args) of a client.
void enter_redis_command(py::Call& call, py::Scope& scope);
void leave_redis_command(py::Outcome& outcome, py::Scope& scope);
// execute() of a pipeline.
void enter_redis_pipeline(py::Call& call, py::Scope& scope);
void leave_redis_pipeline(py::Outcome& outcome, py::Scope& scope);

// "SET key value": each word is cut after 100 characters, the whole after `longest`.
std::string redis_command_text(std::span<PyObject* const> words, std::size_t longest);

}  // namespace dd::contrib
