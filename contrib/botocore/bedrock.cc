#include "contrib/botocore/bedrock.h"

#include <charconv>
#include <string>
#include <utility>

#include "contrib/botocore/messages.h"
#include "contrib/support/integration.h"
#include "contrib/support/llm_client.h"
#include "core/trace/tags.h"

namespace dd::contrib::botocore {
namespace {

Name kParseText("loads");

// "us.anthropic.claude-3", alone or at the end of an ARN: {"anthropic", "claude-3"}.
std::pair<std::string, std::string> provider_and_model(std::string id) {
  if (id.starts_with("arn:")) id = id.substr(id.find('/') + 1);
  const std::size_t dot = id.rfind('.');
  if (dot == id.npos) return {"custom", id};
  const std::size_t before = id.substr(0, dot).rfind('.');
  const std::size_t begin = before == id.npos ? 0 : before + 1;
  return {id.substr(begin, dot - begin), id.substr(dot + 1)};
}

std::int64_t number_of(Handle value) {
  if (value.is_int()) return value.integer();
  const std::string text = value.text();
  std::int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void count(LlmTokens& tokens, Handle all, const char* input, const char* output) {
  const Ref in = all.item(input), out = all.item(output);
  if (!in && !out) return;
  tokens.input = number_of(in);
  tokens.output = number_of(out);
  if (tokens.input >= 0 && tokens.output >= 0) tokens.total = tokens.input + tokens.output;
}

// Of an answer or of a piece of one: {"usage": {...}}.
void count_usage(LlmTokens& tokens, Handle answer) {
  const Ref usage = answer.item("usage");
  count(tokens, usage, "inputTokens", "outputTokens");
  if (const Ref read = usage.item("cacheReadInputTokens"); read.is_int())
    tokens.cache_read = read.integer();
  if (const Ref written = usage.item("cacheWriteInputTokens"); written.is_int())
    tokens.cache_write = written.integer();
}

void piece(Handle event, Scope& scope) {
  LlmRequest* request = llm_of(scope);
  if (!request) return;
  count_usage(request->tokens, event.item("metadata"));
  const Ref data = event.item("chunk").item("bytes");
  constexpr std::string_view kMetrics = "amazon-bedrock-invocationMetrics";
  if (data.bytes().find(kMetrics) == std::string_view::npos) return;
  const Ref parsed = py::imported("json").call_method(kParseText, data);
  count(request->tokens, parsed.item(kMetrics.data()), "inputTokenCount", "outputTokenCount");
}

void end(Outcome& outcome, Scope& scope) { finish_llm(outcome, scope); }

constexpr py::Watch kPieces = {.item = piece, .end = end};

}  // namespace

bool enter_bedrock(const AwsCall& what, Handle parameters, Scope& scope, std::string_view service,
                   std::string_view source) {
  if (what.endpoint != "bedrock-runtime" ||
      !(what.operation.starts_with("InvokeModel") || what.operation.starts_with("Converse")))
    return false;
  const std::string span_name = name_of(what);
  LlmRequest& request = scope.emplace<LlmRequest>(
      tracing::LiveSpan::start({.name = span_name, .service = service, .resource = what.operation}),
      LlmCall{.kind = "llm"});
  if (!request.span) return true;
  const Ref model = parameters.item("modelId");
  request.model = model.text();
  request.provider = "bedrock";
  const auto [provider, name] = provider_and_model(request.model);
  trace::Span& span = request.span.span();
  span.set(trace::tags::kServiceSource, source);
  span.set(trace::Key("bedrock.request.model_provider"), provider);
  span.set(trace::Key("bedrock.request.model"), name);
  return true;
}

bool leave_bedrock(Outcome& outcome, Scope& scope) {
  LlmRequest* request = llm_of(scope);
  if (!request) return false;
  const Ref headers = outcome.result.item("ResponseMetadata").item("HTTPHeaders");
  count(request->tokens, headers, "x-amzn-bedrock-input-token-count",
        "x-amzn-bedrock-output-token-count");
  count_usage(request->tokens, outcome.result);
  for (const char* name : {"body", "stream"}) {
    const Ref stream = outcome.result.item(name);
    Outcome inside(stream, {}, nullptr);
    if (!stream || !follow_llm(inside, scope, kPieces)) continue;
    if (const Ref followed = inside.take_replacement())
      (void)outcome.result.set_item(name, followed);
    return true;
  }
  finish_llm(outcome, scope);
  return true;
}

}  // namespace dd::contrib::botocore
