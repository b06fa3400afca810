// pynamodb: one span for each call of DynamoDB's API.

#include <string>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"

namespace dd::contrib::pynamodb {
namespace {

Name kClient("client"), kMeta("meta"), kOperation("operation_name"),
    kOperationArguments("operation_kwargs"), kRegion("region_name");

constinit const std::string* own_service = nullptr;
void prepare(const Settings& from) { own_service = new std::string(from.own_service("pynamodb")); }

void enter(Call& call, Scope& scope) {
  const std::string operation = call.arg(0, kOperation).text();
  const std::string table = call.arg(1, kOperationArguments).item("TableName").text();
  const Naming& naming = settings().naming;
  const Named named =
      naming.of_client({.integration = "pynamodb", .fallback = "pynamodb", .own = *own_service});
  const std::string resource = table.empty() ? operation : operation + " " + table;
  const tracing::LiveSpan& live =
      start_step(scope, {.name = naming.operation({"pynamodb.command", "aws.dynamodb.request"}),
                         .component = "pynamodb",
                         .service = named.service,
                         .source = named.source,
                         .resource = resource,
                         .type = "http",
                         .kind = "client",
                         .measured = true,
                         .late_service = true});
  if (!live) return;
  trace::Span& span = live.span();
  span.set_static(trace::Key("db.system"), "dynamodb");
  span.set_static(trace::Key("aws.agent"), "pynamodb");
  span.set(trace::Key("aws.operation"), operation);
  if (!table.empty()) {
    span.set(trace::Key("table_name"), table);
    span.set(trace::Key("tablename"), table);
  }
  const Ref region = call.self().attr(kClient).attr(kMeta).attr(kRegion);
  if (!region.is_str()) return;
  span.set(trace::Key("aws.region"), region.utf8());
  span.set(trace::Key("region"), region.utf8());
}

void leave(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"pynamodb.connection.base"};
constexpr py::Target kTargets[] = {
    {.where = "pynamodb.connection.base:Connection._make_api_call", .enter = enter, .leave = leave},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "pynamodb",
                                     .package = "pynamodb",
                                     .versions = ">=5.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::pynamodb
