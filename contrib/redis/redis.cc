// redis: one client span per command and per pipeline, synchronous, asyncio and cluster.

#include "contrib/support/integration.h"
#include "contrib/support/redis_client.h"
#include "contrib/support/step.h"

namespace dd::contrib::redis {
namespace {

constexpr RedisFacts kFacts = {.component = "redis", .command = {"redis.command", "redis.command"}};
constinit const RedisKnobs* knobs = nullptr;
constexpr RedisDriver kDriver = {&kFacts, &knobs}, kAsyncDriver = {&kFacts, &knobs, true};

void prepare(const Settings& from) { knobs = new RedisKnobs(redis_knobs(from, "redis")); }

constexpr py::Target command(const char* where, bool optional = false) {
  return {.where = where,
          .enter = enter_redis_command,
          .leave = leave_redis_command,
          .optional = optional,
          .data = &kDriver};
}
constexpr py::Target pipeline(const char* where, bool optional = false) {
  return {.where = where,
          .enter = enter_redis_pipeline,
          .leave = leave_redis_pipeline,
          .optional = optional,
          .data = &kDriver};
}
constexpr py::Target awaited(py::Target target) {
  target.kind = py::Kind::kAwaitable;
  target.optional = true;
  target.data = &kAsyncDriver;
  target.begin = begin_step;
  return target;
}

constexpr const char* kModules[] = {"redis"};
constexpr py::Target kTargets[] = {
    command("redis.client:Redis.execute_command"),
    command("redis.client:Pipeline.immediate_execute_command"),
    pipeline("redis.client:Pipeline.execute"),
    command("redis.cluster:RedisCluster.execute_command", true),
    pipeline("redis.cluster:ClusterPipeline.execute", true),
    awaited(command("redis.asyncio.client:Redis.execute_command")),
    awaited(command("redis.asyncio.client:Pipeline.immediate_execute_command")),
    awaited(pipeline("redis.asyncio.client:Pipeline.execute")),
    awaited(command("redis.asyncio.cluster:RedisCluster.execute_command")),
    awaited(pipeline("redis.asyncio.cluster:ClusterPipeline.execute")),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "redis",
                                     .package = "redis",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::redis
