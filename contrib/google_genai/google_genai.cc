// google_genai: one span for each call of a model, until its answer or its last piece is there.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/llm_client.h"
#include "core/base/ascii.h"

namespace dd::contrib::google_genai {
namespace {

Name kCached("cached_content_token_count"), kCandidates("candidates_token_count"), kModel("model"),
    kPrompt("prompt_token_count"), kThoughts("thoughts_token_count"), kTotal("total_token_count"),
    kUsage("usage_metadata"), kVersion("model_version");

constinit const std::string* own_service = nullptr;
void prepare(const Settings& from) {
  own_service = new std::string(from.own_service("google_genai"));
}

// Who has made a model, as its name begins.
std::string_view maker_of(std::string_view model) {
  constexpr std::pair<std::string_view, std::string_view> kMakers[] = {
      {"gemini", "google"},     {"imagen", "google"},
      {"veo", "google"},        {"text-embedding", "google"},
      {"claude", "anthropic"},  {"llama", "meta"},
      {"jamba", "ai21"},        {"mistral", "mistral"},
      {"codestral", "mistral"}, {"olmo", "ai2"},
      {"deepseek", "deepseek"}};
  const std::string name = base::lowered(model);
  for (const auto& [begin, maker] : kMakers)
    if (name.starts_with(begin)) return maker;
  return "unknown";
}

struct Method {
  const char* resource;
  const char* kind;
};

template <bool waits>
void enter(Call& call, Scope& scope) {
  const Method& method = *static_cast<const Method*>(call.data());
  LlmRequest* request = start_llm(scope, {.component = "google_genai",
                                          .name = "google_genai.request",
                                          .resource = method.resource,
                                          .own_service = *own_service,
                                          .kind = method.kind,
                                          .waits = waits,
                                          .tells_component = false,
                                          .late_service = true});
  if (!request) return;
  const std::string path = call.arg(kModel).text();
  request->model = path.substr(path.rfind('/') + 1);
  request->provider = maker_of(request->model);
  trace::Span& span = request->span.span();
  span.set(trace::Key("google_genai.request.model"), request->model);
  span.set(trace::Key("google_genai.request.provider"), request->provider);
}

std::int64_t count(Handle usage, const Name& name) {
  const Ref value = usage.attr(name);
  return value.is_int() ? value.integer() : -1;
}

void hear(Handle answer, Scope& scope) {
  LlmRequest* request = llm_of(scope);
  const Ref usage = answer.attr(kUsage);
  if (!request || !usage || usage.is_none()) return;
  LlmTokens& tokens = request->tokens;
  tokens = {.input = count(usage, kPrompt),
            .output = count(usage, kCandidates),
            .total = count(usage, kTotal),
            .cache_read = count(usage, kCached),
            .reasoning = count(usage, kThoughts)};
  // What it thought of was put out, too.
  if (tokens.reasoning > 0)
    tokens.output = std::max<std::int64_t>(tokens.output, 0) + tokens.reasoning;
}
constexpr py::Watch kPieces = {.item = hear, .end = end_llm};

void leave(Outcome& outcome, Scope& scope) {
  if (LlmRequest* request = llm_of(scope); request && outcome.result) {
    if (follow_llm(outcome, scope, kPieces)) return;
    hear(outcome.result, scope);
    if (const std::string version = outcome.result.attr(kVersion).text(); !version.empty())
      request->model = version;
  }
  finish_llm(outcome, scope);
}

constexpr const char* kModules[] = {"google.genai"};
#define DD_GENAI(method, kind)                             \
  constexpr Method k_##method = {"Models." #method, kind}, \
                   k_async_##method = {"AsyncModels." #method, kind}
DD_GENAI(generate_content, "llm");
DD_GENAI(generate_content_stream, "llm");
DD_GENAI(embed_content, "embedding");
#undef DD_GENAI
constexpr py::Target kTargets[] = {
#define DD_GENAI(method)                                                               \
  on_llm("google.genai.models:Models." #method, enter<false>, leave, &k_##method),     \
      on_llm_coroutine("google.genai.models:AsyncModels." #method, enter<true>, leave, \
                       &k_async_##method)
    DD_GENAI(generate_content), DD_GENAI(generate_content_stream), DD_GENAI(embed_content)
#undef DD_GENAI
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "google_genai",
                                     .package = "google-genai",
                                     .versions = ">=1.21.1",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::google_genai
