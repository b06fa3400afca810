// litellm: one span for each completion, of a model or by a router, until its last piece is there.
//
// Which model of which provider a name means is what litellm's own resolver answers meanwhile.

#include <string>
#include <string_view>

#include "contrib/support/integration.h"
#include "contrib/support/llm_client.h"

namespace dd::contrib::litellm {
namespace {

Name kAsync("acompletion"), kModel("model"), kUsage("usage");

constexpr std::string_view kSpanName = "litellm.request";
constexpr trace::Key kModelName("_dd.llmobs.model_name"), kProvider("_dd.llmobs.model_provider");

constinit const std::string* own_service = nullptr;
void prepare(const Settings& from) { own_service = new std::string(from.own_service("litellm")); }

bool is_router(std::string_view resource) { return resource.starts_with("router."); }

// The span of the completion that is being asked for; null when none is.
trace::Span* completing() {
  trace::Span* span = const_cast<trace::Span*>(tracing::active_span());
  const bool is_one = span && !span->sealed() && span->name.view() == kSpanName &&
                      !is_router(span->resource.view());
  return is_one ? span : nullptr;
}

template <bool waits>
void enter(Call& call, Scope& scope) {
  // Texts are completed as chats, and asynchronous calls by synchronous ones.
  if (completing() || call.arg(kAsync).truth()) return;
  const std::string_view resource = static_cast<const char*>(call.data());
  LlmRequest* request = start_llm(scope, {.component = "litellm",
                                          .name = kSpanName,
                                          .resource = resource,
                                          .own_service = *own_service,
                                          .kind = is_router(resource) ? "workflow" : "llm",
                                          .waits = waits,
                                          .tells_component = false,
                                          .late_service = true});
  if (!request) return;
  request->model = call.arg(0, kModel).text();
  request->provider = "unknown";
  request->span.span().set(trace::Key("litellm.request.model"), request->model);
}

// (model, provider, key, address)
void leave_resolver(Outcome& outcome, Scope&) {
  trace::Span* span = completing();
  const Ref model = outcome.result.item(Py_ssize_t{0}),
            provider = outcome.result.item(Py_ssize_t{1});
  if (!span || model.utf8().empty() || provider.utf8().empty()) return;
  span->set(kModelName, model.utf8());
  span->set(kProvider, provider.utf8());
}

void hear(Handle piece, Scope& scope) {
  LlmRequest* request = llm_of(scope);
  const Ref usage = piece.attr(kUsage);
  if (request && request->kind == "llm" && usage && !usage.is_none())
    request->tokens = llm_tokens(usage);
}

void finish(Outcome& outcome, Scope& scope) {
  if (LlmRequest* request = llm_of(scope); request && request->span.open()) {
    const trace::Span& span = request->span.span();
    if (const std::string_view resolved = span.text(kModelName); !resolved.empty()) {
      request->model = resolved;
      request->provider = span.text(kProvider);
    }
  }
  finish_llm(outcome, scope);
}
constexpr py::Watch kPieces = {.item = hear, .end = finish};

void leave(Outcome& outcome, Scope& scope, Kind pieces) {
  if (llm_of(scope) && outcome.result) {
    if (outcome.result.type_name() == "CustomStreamWrapper" &&
        outcome.follow(pieces, kPieces, scope))
      return;
    hear(outcome.result, scope);
  }
  finish(outcome, scope);
}
void leave_call(Outcome& outcome, Scope& scope) { leave(outcome, scope, Kind::kIterator); }
void leave_coroutine(Outcome& outcome, Scope& scope) {
  leave(outcome, scope, Kind::kAsyncIterator);
}

constexpr const char* kModules[] = {"litellm"};
constexpr char kCompletion[] = "completion", kAcompletion[] = "acompletion",
               kText[] = "text_completion", kAtext[] = "atext_completion",
               kRouted[] = "router.completion", kArouted[] = "router.acompletion",
               kRoutedText[] = "router.text_completion", kAroutedText[] = "router.atext_completion";
constexpr py::Target kTargets[] = {
    on_llm("litellm:completion", enter<false>, leave_call, kCompletion),
    on_llm_coroutine("litellm:acompletion", enter<true>, leave_coroutine, kAcompletion),
    on_llm("litellm:text_completion", enter<false>, leave_call, kText),
    on_llm_coroutine("litellm:atext_completion", enter<true>, leave_coroutine, kAtext),
    on_llm("litellm.router:Router.completion", enter<false>, leave_call, kRouted),
    on_llm_coroutine("litellm.router:Router.acompletion", enter<true>, leave_coroutine, kArouted),
    on_llm("litellm.router:Router.text_completion", enter<false>, leave_call, kRoutedText),
    on_llm_coroutine("litellm.router:Router.atext_completion", enter<true>, leave_coroutine,
                     kAroutedText),
    {.where = "litellm:get_llm_provider", .leave = leave_resolver, .optional = true},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "litellm",
                                     .package = "litellm",
                                     .versions = ">=1.65.4",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::litellm
