// aiobotocore: one span for each call of Amazon's API.

#include "contrib/support/aws_api.h"
#include "contrib/support/integration.h"
#include "contrib/support/step.h"

namespace dd::contrib::aiobotocore {
namespace {

Name kApiParams("api_params");

struct Knobs {
  std::string own_service;
  bool tells_parameters;
};
constinit const Knobs* knobs = nullptr;
void prepare(const Settings& from) {
  knobs = new Knobs{from.own_service("aiobotocore"), !from.knob("aws", "TAG_NO_PARAMS", false)};
}

void enter(Call& call, Scope& scope) {
  const AwsCall what = aws_call(call);
  const Naming& naming = settings().naming;
  const std::string fallback = "aws." + what.endpoint;
  const std::string name = std::string(naming.operation({"", "aws."})) + what.endpoint +
                           std::string(naming.operation({".command", ".request"}));
  const Named named =
      naming.of_client({.integration = "m", .fallback = fallback, .own = knobs->own_service});
  const tracing::LiveSpan& live = start_step(scope, {.name = name,
                                                     .component = "aiobotocore",
                                                     .service = named.service,
                                                     .source = named.source,
                                                     .resource = aws_resource(what),
                                                     .type = "http",
                                                     .kind = "client",
                                                     .measured = true,
                                                     .late_service = true,
                                                     .waits = true});
  if (live)
    tag_aws_call(live.span(), what,
                 {.agent = "aiobotocore", .parameters = knobs->tells_parameters, .service = false},
                 call.self(), call.arg(1, kApiParams));
}

void leave(Outcome& outcome, Scope& scope) {
  if (const tracing::LiveSpan* live = step_of(scope); live && outcome.result)
    tag_aws_answer(live->span(), outcome.result);
  finish_step(outcome, scope);
}

constexpr const char* kModules[] = {"aiobotocore"};
constexpr py::Target kTargets[] = {{.where = "aiobotocore.client:AioBaseClient._make_api_call",
                                    .enter = enter,
                                    .leave = leave,
                                    .kind = Kind::kAwaitable,
                                    .begin = begin_step}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "aiobotocore",
                                     .package = "aiobotocore",
                                     .versions = ">=1.0.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::aiobotocore
