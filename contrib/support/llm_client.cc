#include "contrib/support/llm_client.h"

#include <optional>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/trace/tags.h"

namespace dd::contrib {
namespace {

Name kInputTokens("input_tokens"), kPromptTokens("prompt_tokens"), kOutputTokens("output_tokens"),
    kCompletionTokens("completion_tokens"), kTotalTokens("total_tokens"),
    kInputDetails("input_tokens_details"), kPromptDetails("prompt_tokens_details"),
    kOutputDetails("output_tokens_details"), kCompletionDetails("completion_tokens_details"),
    kCachedTokens("cached_tokens"), kReasoningTokens("reasoning_tokens");

// Of the first of two names that there is.
std::optional<long long> count(Handle usage, const Name& name, const Name& older) {
  for (const Name* each : {&name, &older})
    if (const Ref value = usage.attr(*each); value.is_int()) return value.integer();
  return std::nullopt;
}

std::optional<long long> detail(Handle usage, const Name& details, const Name& older,
                                const Name& what) {
  for (const Name* each : {&details, &older})
    if (const Ref value = usage.attr(*each).attr(what); value.is_int()) return value.integer();
  return std::nullopt;
}

std::int64_t or_unknown(std::optional<long long> value) { return value.value_or(-1); }

}  // namespace

LlmTokens llm_tokens(Handle usage) {
  const auto input = count(usage, kInputTokens, kPromptTokens);
  if (!input) return {};
  const long long output = count(usage, kOutputTokens, kCompletionTokens).value_or(0);
  const Ref told = usage.attr(kTotalTokens);
  return {
      .input = *input,
      .output = output,
      .total = told.is_int() ? told.integer() : *input + output,
      .cache_read = or_unknown(detail(usage, kInputDetails, kPromptDetails, kCachedTokens)),
      .reasoning = or_unknown(detail(usage, kOutputDetails, kCompletionDetails, kReasoningTokens))};
}

void tag_llm_tokens(trace::Span& span, const LlmTokens& tokens) {
  const auto tell = [&span](const char* own, const char* standard, std::int64_t value) {
    if (value < 0) return;
    if (own) span.set(trace::Key(own), value);
    span.set(trace::Key(standard), value);
  };
  tell("_dd.llmobs.input_tokens", "gen_ai.usage.input_tokens", tokens.input);
  tell("_dd.llmobs.output_tokens", "gen_ai.usage.output_tokens", tokens.output);
  tell("_dd.llmobs.total_tokens", "gen_ai.usage.total_tokens", tokens.total);
  tell("_dd.llmobs.cache_read_input_tokens", "gen_ai.usage.cache_read_input_tokens",
       tokens.cache_read);
  tell("_dd.llmobs.cache_write_input_tokens", "gen_ai.usage.cache_write_input_tokens",
       tokens.cache_write);
  tell(nullptr, "gen_ai.usage.reasoning_output_tokens", tokens.reasoning);
}

void tag_llm_model(const LlmRequest& request) {
  trace::Span& span = request.span.span();
  span.set_static(trace::Key("_dd.llmobs.artificial_gen_ai_tags"), "true");
  span.set_static(trace::Key("_dd.llmobs.span_kind"), request.kind);
  span.set_static(trace::Key("gen_ai.operation.name"), request.kind);
  if (!request.model.empty()) span.set(trace::Key("_dd.llmobs.model_name"), request.model);
  if (!request.provider.empty()) {
    if (!request.model.empty())
      span.set(trace::Key("gen_ai.request.model"), request.model);
    else if (request.kind != "retrieval")  // a store that is searched has none
      span.set_static(trace::Key("gen_ai.request.model"), "unknown");
    span.set(trace::Key("_dd.llmobs.model_provider"), request.provider);
    span.set(trace::Key("gen_ai.provider.name"), request.provider);
  }
  span.set(trace::Key("_dd.llmobs.enabled"), std::int64_t{0});
}

LlmRequest* start_llm(py::Scope& scope, const LlmCall& call) {
  const Naming& naming = settings().naming;
  const Named named = naming.of_server({.integration = call.component, .own = call.own_service});
  LlmRequest& request = scope.emplace<LlmRequest>(
      tracing::LiveSpan::start({.name = call.name,
                                .service = call.late_service ? std::string_view() : named.service,
                                .resource = call.resource,
                                .activate = !call.waits,
                                .measured = true}),
      call);
  if (!request.span) {
    scope.reset();
    return nullptr;
  }
  trace::Span& span = request.span.span();
  if (call.tells_component) span.set_static(tags::kComponent, call.component);
  const bool is_chosen = !call.own_service.empty() || naming.facts().service_is_users;
  if (!call.late_service)
    span.set(tags::kServiceSource,
             named.before.empty() && (is_chosen || !call.tells_component) ? "m" : named.source);
  else if (is_chosen)
    set_late_service(span, named.service, "m");
  return &request;
}

void begin_llm(py::Scope& scope) {
  LlmRequest* request = scope.get<LlmRequest>();
  if (!request) return;
  request->waits = false;
  tracing::activate(request->span.object());
}

LlmRequest* llm_of(py::Scope& scope) { return scope.get<LlmRequest>(); }

bool follow_llm(py::Outcome& outcome, py::Scope& scope, const py::Watch& pieces) {
  constexpr std::pair<std::string_view, Kind> kStreams[] = {
      {"Stream", Kind::kIterator},      {"AsyncStream", Kind::kAsyncIterator},
      {"EventStream", Kind::kIterator}, {"EventStreamAsync", Kind::kAsyncIterator},
      {"generator", Kind::kIterator},   {"async_generator", Kind::kAsyncIterator}};
  for (const auto& [type, kind] : kStreams)
    if (outcome.result.type_name() == type) return outcome.follow(kind, pieces, scope);
  return false;
}

void finish_llm(const py::Outcome& outcome, py::Scope& scope) {
  LlmRequest* request = scope.get<LlmRequest>();
  if (!request || !request->span.open()) return;
  if (request->waits && outcome.abandoned()) return request->span.forget();
  if (!request->kind.empty()) {
    tag_llm_model(*request);
    tag_llm_tokens(request->span.span(), request->tokens);
  }
  if (outcome.error) request->span.fail(outcome.error);
  request->span.finish();
}

void end_llm(py::Outcome& outcome, py::Scope& scope) { finish_llm(outcome, scope); }

}  // namespace dd::contrib
