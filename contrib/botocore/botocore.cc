// botocore: one span for each call of Amazon's API, boto3's too; its trace goes with messages.

#include <string>
#include <utility>

#include "contrib/botocore/bedrock.h"
#include "contrib/botocore/messages.h"
#include "contrib/botocore/payloads.h"
#include "contrib/botocore/pointers.h"
#include "contrib/support/aws_api.h"
#include "contrib/support/integration.h"
#include "contrib/support/pin.h"
#include "contrib/support/step.h"
#include "core/base/clock.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"

namespace dd::contrib::botocore {
namespace {

Name kApiParams("api_params"), kHeaders("headers"), kParse("loads"), kResponse("response");

struct Knobs {
  std::string service, keys;  // "aws"; {"table": ["key"]}
  bool distributed, continues, empty_polls, points, tells_parameters, legacy_context,
      traces_parsing;
  const PayloadRules* payloads;
};
constinit const Knobs* knobs = nullptr;
void prepare(const Settings& from) {
  const std::string own = from.own_service("botocore");
  const auto on = [&from](const char* knob, bool otherwise) {
    return from.knob("botocore", knob, otherwise);
  };
  knobs = new Knobs{.service = own.empty() ? "aws" : own,
                    .keys = from.text("DD_BOTOCORE_DYNAMODB_TABLE_PRIMARY_KEYS").value_or("{}"),
                    .distributed = on("DISTRIBUTED_TRACING", true),
                    .continues = on("PROPAGATION_ENABLED", false),
                    .empty_polls = on("EMPTY_POLL_ENABLED", true),
                    .points = on("ADD_SPAN_POINTERS", true),
                    .tells_parameters = !from.knob("aws", "TAG_NO_PARAMS", false),
                    .legacy_context = on("INVOKE_WITH_LEGACY_CONTEXT", false),
                    .traces_parsing = on("INSTRUMENT_INTERNALS", false),
                    .payloads = payload_rules(from)};
}

struct Asked {
  Asked(AwsCall&& call, Handle of, Handle with)
      : what(std::move(call)), client(of.share()), parameters(with.share()) {}
  Asked(Asked&&) noexcept = default;
  ~Asked() {
    if (span.open()) span.finish();
  }
  AwsCall what;
  Ref client, parameters;
  LiveSpan span{};            // of a poll: when it has an answer
  std::int64_t start_ns = 0;  // of a poll
};

// "aws.sqs", or what the user calls it.
std::string service_of(Handle client, std::string_view endpoint) {
  const Pin pin = Pin::of(client);
  const std::string pinned = pin ? pin.service() : std::string();
  return (pinned.empty() ? knobs->service : pinned) + "." + std::string(endpoint);
}

LiveSpan start(const Asked& asked, Handle parent) {
  const std::string name = name_of(asked.what), resource = aws_resource(asked.what);
  const std::string fallback = service_of(asked.client, asked.what.endpoint);
  const Named named = settings().naming.of_client({.integration = "m", .fallback = fallback});
  const tracing::SpanStart how = {.name = name,
                                  .service = named.service,
                                  .resource = resource,
                                  .type = "http",
                                  .activate = asked.start_ns == 0,
                                  .measured = true,
                                  .start_ns = asked.start_ns};
  LiveSpan live = parent ? LiveSpan::start_under(parent, how) : LiveSpan::start(how);
  if (!live) return live;
  trace::Span& span = live.span();
  span.set_static(tags::kComponent, "botocore");
  span.set_static(tags::kSpanKind, "client");
  span.set(tags::kServiceSource, named.source);
  tag_aws_call(span, asked.what, {.agent = "botocore", .parameters = knobs->tells_parameters},
               asked.client, asked.parameters);
  if (knobs->payloads) tag_request(span, *knobs->payloads, asked.what.endpoint, asked.parameters);
  return live;
}

void enter_call(Call& call, Scope& scope) {
  AwsCall what = aws_call(call);
  const std::string service = service_of(call.self(), what.endpoint);
  const Named named = settings().naming.of_client({.integration = "m", .fallback = service});
  if (enter_bedrock(what, call.arg(1, kApiParams), scope, named.service, named.source)) return;
  Asked& asked = scope.emplace<Asked>(std::move(what), call.self(), call.arg(1, kApiParams));
  Ref changed;
  if (is_poll(asked.what)) {
    asked.start_ns = base::wall_ns();
    if (knobs->distributed && asked.what.endpoint == "sqs")
      changed = asking_for_trace(asked.parameters);
  } else {
    asked.span = start(asked, {});
    if (asked.span && knobs->distributed)
      changed =
          with_trace(asked.what, asked.parameters, asked.span.object(), knobs->legacy_context);
  }
  if (changed) (void)call.replace_arg(1, kApiParams, std::move(changed));
}

// A refusal is an answer; it is an error of the call only when its status is one.
void end(Asked& asked, const Outcome& outcome) {
  trace::Span& span = asked.span.span();
  if (knobs->payloads)
    tag_response(span, *knobs->payloads, asked.what.endpoint,
                 outcome.result ? outcome.result.share() : outcome.error.attr(kResponse));
  if (outcome.result) {
    if (asked.what.endpoint != "states") tag_aws_answer(span, outcome.result);
    if (knobs->points) {
      const Ref text = py::str(knobs->keys);
      const Ref keys = asked.what.endpoint == "dynamodb"
                           ? py::imported("json").call_method(kParse, text)
                           : Ref();
      point(span, asked.what, asked.parameters, outcome.result, keys);
    }
  } else if (outcome.error) {
    const int status = tag_aws_answer(span, outcome.error.attr(kResponse));
    if (status == 0 || settings().error_statuses.contains(status)) asked.span.fail(outcome.error);
  }
  asked.span.finish();
}

void leave_call(Outcome& outcome, Scope& scope) {
  if (leave_bedrock(outcome, scope)) return;
  Asked* asked = scope.get<Asked>();
  if (!asked) return;
  if (asked->start_ns != 0) {
    const Ref all = received(asked->what, outcome.result);
    if (!all && !outcome.error && !knobs->empty_polls) return;
    asked->span = start(*asked, all && knobs->continues ? context_of(asked->what, all) : Ref());
  }
  if (asked->span) end(*asked, outcome);
}

// What goes over the wire carries the trace, signed.
void leave_convert(Outcome& outcome, Scope&) {
  if (!knobs->distributed || !outcome.result) return;
  const Ref active = tracing::active();
  const trace::Span* span = tracing::native(active);
  if (!span || span->text(tags::kComponent) != "botocore") return;
  tracing::inject(active, outcome.result.item(kHeaders));
}

// Its service is that of the call, and so is the choice of it.
void enter_parse(Call&, Scope& scope) {
  start_step(scope, {.name = "botocore.parsers.parse", .component = "botocore", .kind = "client"});
}
void leave_parse(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"botocore"};
constexpr py::Target kTargets[] = {
    {.where = "botocore.client:BaseClient._make_api_call",
     .enter = enter_call,
     .leave = leave_call},
    {.where = "botocore.client:BaseClient._convert_to_request_dict",
     .leave = leave_convert,
     .optional = true},
};
constexpr py::Target kParsing[] = {
    {.where = "botocore.parsers:ResponseParser.parse", .enter = enter_parse, .leave = leave_parse},
};
constexpr Extra kExtras[] = {{kParsing, [] { return knobs->traces_parsing; }}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "botocore",
                                     .package = "botocore",
                                     .versions = "",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare,
                                     .extras = kExtras};

}  // namespace dd::contrib::botocore
