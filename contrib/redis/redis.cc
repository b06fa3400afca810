// redis: one client span per command and per pipeline, synchronous, asyncio and cluster.

#include "contrib/support/integration.h"
#include "contrib/support/redis_client.h"

namespace dd::contrib::redis {
namespace {

constexpr RedisFacts kFacts = {.component = "redis",
                               .service = "redis",
                               .system = "redis",
                               .command = {"redis.command", "redis.command"}};
constinit const RedisKnobs* knobs = nullptr;
constexpr RedisDriver kDriver = {&kFacts, &knobs}, kAsyncDriver = {&kFacts, &knobs, true};

void prepare(const Settings& from) { knobs = new RedisKnobs(redis_knobs(from, kFacts)); }

constexpr const char* kModules[] = {"redis"};
constexpr py::Target kTargets[] = {
    redis_command(kDriver, "redis.client:Redis.execute_command", false),
    redis_command(kDriver, "redis.client:Pipeline.immediate_execute_command", false),
    redis_pipeline(kDriver, "redis.client:Pipeline.execute", false),
    redis_command(kDriver, "redis.cluster:RedisCluster.execute_command"),
    redis_pipeline(kDriver, "redis.cluster:ClusterPipeline.execute"),
    redis_command(kAsyncDriver, "redis.asyncio.client:Redis.execute_command"),
    redis_command(kAsyncDriver, "redis.asyncio.client:Pipeline.immediate_execute_command"),
    redis_pipeline(kAsyncDriver, "redis.asyncio.client:Pipeline.execute"),
    redis_command(kAsyncDriver, "redis.asyncio.cluster:RedisCluster.execute_command"),
    redis_pipeline(kAsyncDriver, "redis.asyncio.cluster:ClusterPipeline.execute"),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "redis",
                                     .package = "redis",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::redis
