// Shared engine of clients that speak the protocol of Redis: one span a command or pipeline.
//
// GIL held; nothing here raises.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "contrib/rules/settings.h"
#include "contrib/support/step.h"
#include "core/py/hook.h"
#include "core/trace/tags.h"

namespace dd::contrib {

struct RedisTags {
  trace::Key raw_command, args_length, pipeline_length, db, client_name;
  trace::Key raw_command_v1 = raw_command;  // under schema v1
};
inline constexpr RedisTags kRedisTags = {
    trace::tags::kRedisRawCommand, trace::tags::kRedisArgsLength, trace::tags::kRedisPipelineLength,
    trace::tags::kRedisDb,         trace::tags::kRedisClientName, trace::tags::kRedisCommand};

struct RedisFacts {                     // of a library, immutable
  std::string_view component;           // "redis": also its section of the settings
  std::string_view service;             // of schema v0
  std::string_view system;              // db.system and the type of its spans
  Operation command;                    // "redis.command"
  const RedisTags* tags = &kRedisTags;  // as this library's spans call them
  bool named_when_empty = true;         // the resource of no commands: the name, or nothing
  bool tells_node = true;               // a cluster's spans tell the first node of its start
  bool mapped_pipelines_tell = true;    // their source says that the service is a mapped one
};

struct RedisKnobs {  // of a library, from its settings
  KnownNames names, pipeline_names;
  trace::StaticTag common[3];
  std::size_t longest = 1000;     // characters of a command
  bool only_command_word = true;  // in the resource
  bool is_v1 = false;             // the schema of names
};
RedisKnobs redis_knobs(const Settings& settings, const RedisFacts& facts);

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

// Rows of a table. Only the library's plain client has to be there.
constexpr py::Target on_redis(const RedisDriver& driver, const char* where, py::Enter enter,
                              py::Leave leave, bool optional = true) {
  return {.where = where,
          .enter = enter,
          .leave = leave,
          .kind = driver.waits ? py::Kind::kAwaitable : py::Kind::kCall,
          .optional = optional,
          .data = &driver,
          .begin = driver.waits ? begin_step : nullptr};
}
constexpr py::Target redis_command(const RedisDriver& driver, const char* where,
                                   bool optional = true) {
  return on_redis(driver, where, enter_redis_command, leave_redis_command, optional);
}
constexpr py::Target redis_pipeline(const RedisDriver& driver, const char* where,
                                    bool optional = true) {
  return on_redis(driver, where, enter_redis_pipeline, leave_redis_pipeline, optional);
}

// "SET key value": each word is cut after 100 characters, the whole after `longest`.
std::string redis_command_text(std::span<PyObject* const> words, std::size_t longest);

}  // namespace dd::contrib
