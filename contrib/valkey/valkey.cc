// valkey: one client span per command and per pipeline, synchronous, asyncio and cluster.

#include "contrib/support/integration.h"
#include "contrib/support/redis_client.h"

namespace dd::contrib::valkey {
namespace {

constexpr trace::Key kRawCommand("valkey.raw_command"), kArgsLength("valkey.args_length"),
    kPipelineLength("valkey.pipeline_length"), kDb("out.valkey_db"),
    kClientName("valkey.client_name"), kCommand("valkey.command");
constexpr RedisTags kTags = {kRawCommand, kArgsLength, kPipelineLength, kDb, kClientName, kCommand};
constexpr RedisFacts kFacts = {.component = "valkey",
                               .service = "valkey",
                               .system = "valkey",
                               .command = {"valkey.command", "valkey.command"},
                               .tags = &kTags,
                               .named_when_empty = false,
                               .tells_node = false,
                               .mapped_pipelines_tell = false};
constinit const RedisKnobs* knobs = nullptr;
constexpr RedisDriver kDriver = {&kFacts, &knobs}, kAsyncDriver = {&kFacts, &knobs, true};

void prepare(const Settings& from) { knobs = new RedisKnobs(redis_knobs(from, kFacts)); }

constexpr const char* kModules[] = {"valkey"};
constexpr py::Target kTargets[] = {
    redis_command(kDriver, "valkey.client:Valkey.execute_command", false),
    redis_command(kDriver, "valkey.client:Pipeline.immediate_execute_command", false),
    redis_pipeline(kDriver, "valkey.client:Pipeline.execute", false),
    redis_command(kDriver, "valkey.cluster:ValkeyCluster.execute_command"),
    redis_pipeline(kDriver, "valkey.cluster:ClusterPipeline.execute"),
    redis_command(kAsyncDriver, "valkey.asyncio.client:Valkey.execute_command"),
    redis_command(kAsyncDriver, "valkey.asyncio.client:Pipeline.immediate_execute_command"),
    redis_pipeline(kAsyncDriver, "valkey.asyncio.client:Pipeline.execute"),
    redis_command(kAsyncDriver, "valkey.asyncio.cluster:ValkeyCluster.execute_command"),
    redis_pipeline(kAsyncDriver, "valkey.asyncio.cluster:ClusterPipeline.execute"),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "valkey",
                                     .package = "valkey",
                                     .versions = ">=6.0.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::valkey
