// yaaredis: one client span per command and per pipeline.

#include "contrib/support/integration.h"
#include "contrib/support/redis_client.h"

namespace dd::contrib::yaaredis {
namespace {

constexpr RedisFacts kFacts = {.component = "yaaredis",
                               .service = "redis",
                               .system = "redis",
                               .command = {"redis.command", "redis.command"}};
constinit const RedisKnobs* knobs = nullptr;
constexpr RedisDriver kDriver = {&kFacts, &knobs, true};

void prepare(const Settings& from) { knobs = new RedisKnobs(redis_knobs(from, kFacts)); }

constexpr const char* kModules[] = {"yaaredis"};
constexpr py::Target kTargets[] = {
    redis_command(kDriver, "yaaredis.client:StrictRedis.execute_command", false),
    redis_command(kDriver, "yaaredis.pipeline:StrictPipeline.immediate_execute_command", false),
    redis_pipeline(kDriver, "yaaredis.pipeline:StrictPipeline.execute", false),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "yaaredis",
                                     .package = "yaaredis",
                                     .versions = ">=2.0.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::yaaredis
