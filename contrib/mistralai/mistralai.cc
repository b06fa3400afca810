// mistralai: one span for each call of a model, until its answer or its last piece is there.

#include <string>

#include "contrib/support/integration.h"
#include "contrib/support/llm_client.h"

namespace dd::contrib::mistralai {
namespace {

Name kModel("model");

constinit const std::string* own_service = nullptr;
void prepare(const Settings& from) { own_service = new std::string(from.own_service("mistralai")); }

template <bool waits>
void enter(Call& call, Scope& scope) {
  const LlmRequest* request = start_llm(scope, {.component = "mistralai",
                                                .name = "mistralai.request",
                                                .resource = static_cast<const char*>(call.data()),
                                                .own_service = *own_service,
                                                .waits = waits,
                                                .tells_component = false,
                                                .late_service = true});
  if (!request) return;
  trace::Span& span = request->span.span();
  if (const Handle model = call.arg(kModel))
    span.set(trace::Key("mistralai.request.model"), model.text());
  span.set_static(trace::Key("mistralai.request.provider"), "unknown");
}

constexpr py::Watch kPieces = {.end = end_llm};

void leave(Outcome& outcome, Scope& scope) {
  if (!llm_of(scope) || !outcome.result || !follow_llm(outcome, scope, kPieces))
    finish_llm(outcome, scope);
}

constexpr const char* kModules[] = {"mistralai.client"};
#define DD_MISTRAL(module, owner, method, resource)                                         \
  constexpr char k##owner##_##method[] = resource, k##owner##_##method##_async[] = resource \
                                                   "_asy"                                   \
                                                   "nc"
DD_MISTRAL(chat, Chat, complete, "Chat.complete");
DD_MISTRAL(chat, Chat, stream, "Chat.stream");
DD_MISTRAL(embeddings, Embeddings, create, "Embeddings.create");
#undef DD_MISTRAL
constexpr py::Target kTargets[] = {
#define DD_MISTRAL(module, owner, method)                                                        \
  on_llm("mistralai.client." #module ":" #owner "." #method, enter<false>, leave,                \
         k##owner##_##method),                                                                   \
      on_llm_coroutine("mistralai.client." #module ":" #owner "." #method "_async", enter<true>, \
                       leave, k##owner##_##method##_async)
    DD_MISTRAL(chat, Chat, complete), DD_MISTRAL(chat, Chat, stream),
    DD_MISTRAL(embeddings, Embeddings, create)
#undef DD_MISTRAL
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "mistralai",
                                     .package = "mistralai",
                                     .versions = ">=2.0.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::mistralai
