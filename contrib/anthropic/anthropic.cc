// anthropic: one span for each message that is asked for, until it or its stream is complete.

#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/llm_client.h"
#include "contrib/support/side_table.h"

namespace dd::contrib::anthropic {
namespace {

Name kBaseUrl("base_url"), kCacheRead("cache_read_input_tokens"),
    kCacheWrite("cache_creation_input_tokens"), kClient("_client"), kInput("input_tokens"),
    kMessage("message"), kModel("model"), kOutput("output_tokens"),
    kSnapshot("current_message_snapshot"), kStopReason("stop_reason"), kType("type"),
    kUsage("usage");

constinit const std::string* own_service = nullptr;
void prepare(const Settings& from) { own_service = new std::string(from.own_service("anthropic")); }

std::int64_t count(Handle usage, const Name& name) {
  const Ref value = usage.attr(name);
  return value.is_int() ? value.integer() : -1;
}

// What was read from a cache and written to it is input, too.
void hear_input(LlmTokens& tokens, Handle usage) {
  tokens.input = count(usage, kInput);
  tokens.cache_read = count(usage, kCacheRead);
  tokens.cache_write = count(usage, kCacheWrite);
  if (tokens.input < 0) return;
  for (const std::int64_t more : {tokens.cache_read, tokens.cache_write})
    if (more > 0) tokens.input += more;
}
void hear_output(LlmTokens& tokens, Handle usage) {
  tokens.output = count(usage, kOutput);
  if (tokens.input >= 0 && tokens.output >= 0) tokens.total = tokens.input + tokens.output;
}

std::string_view provider_of(std::string_view url) {
  constexpr std::pair<std::string_view, std::string_view> kProviders[] = {
      {"anthropic", "anthropic"}, {"bedrock", "amazon"}, {"google", "google"}};
  for (const auto& [part, provider] : kProviders)
    if (url.find(part) != url.npos) return provider;
  return "unknown";
}

template <bool waits>
void enter(Call& call, Scope& scope) {
  LlmRequest* request = start_llm(scope, {.component = "anthropic",
                                          .name = "anthropic.request",
                                          .resource = static_cast<const char*>(call.data()),
                                          .own_service = *own_service,
                                          .kind = "llm",
                                          .waits = waits,
                                          .tells_component = false});
  if (!request) return;
  request->model = call.arg(kModel).text();
  request->provider = provider_of(call.self().attr(kClient).attr(kBaseUrl).display());
  request->span.span().set(trace::Key("anthropic.request.model"), request->model);
  tag_llm_model(*request);
}

void hear_event(Handle event, Scope& scope) {
  LlmRequest* request = llm_of(scope);
  if (!request) return;
  const Ref type = event.attr(kType);
  if (type.utf8() == "message_start")
    hear_input(request->tokens, event.attr(kMessage).attr(kUsage));
  else if (type.utf8() == "message_delta")
    hear_output(request->tokens, event.attr(kUsage));
}
constexpr py::Watch kEvents = {.item = hear_event, .end = end_llm};

// What was asked for as raw has no `usage`.
void leave_create(Outcome& outcome, Scope& scope) {
  LlmRequest* request = llm_of(scope);
  if (request && outcome.result) {
    if (follow_llm(outcome, scope, kEvents)) return;
    const Ref usage = outcome.result.attr(kUsage);
    hear_input(request->tokens, usage);
    hear_output(request->tokens, usage);
  }
  finish_llm(outcome, scope);
}

// --- the block of stream(): the message is complete when an iterator over it has ended ---

constinit SideTable streams;  // their spans

LlmTokens tokens_so_far(Handle stream) {
  LlmTokens tokens;
  const Ref message = stream.attr(kSnapshot), usage = message.attr(kUsage);
  if (usage) hear_input(tokens, usage);
  if (const Ref reason = message.attr(kStopReason); reason && !reason.is_none())
    hear_output(tokens, usage);
  return tokens;
}

void enter_iterator(Call& call, Scope& scope) {
  if (!streams.empty()) scope.emplace<Ref>(call.self().share());
}
void leave_iterator(Outcome& outcome, Scope& scope) {
  const Ref* stream = scope.get<Ref>();
  if (!stream) return;
  const Ref object = streams.get(*stream);
  const tracing::LiveSpan live = tracing::LiveSpan::of(object);
  if (!live.open()) return;
  tag_llm_tokens(live.span(), tokens_so_far(*stream));
  if (outcome.error) live.fail(outcome.error);
  live.finish();
}

void open_block(Handle stream, Scope& scope) {
  LlmRequest* request = llm_of(scope);
  if (!request) return;
  streams.put(stream, request->span.object());
  request->operation = request;  // it was answered
}
// A block that could not be entered has shown no message, and is no failure of one.
void close_block(Outcome& outcome, Scope& scope) {
  const LlmRequest* request = llm_of(scope);
  if (request && !request->operation) return scope.reset();
  finish_llm(outcome, scope);
}
constexpr py::Watch kBlock = {.item = open_block, .end = close_block};

void leave_stream(Outcome& outcome, Scope& scope) {
  if (!outcome.follow(Kind::kContextManager, kBlock, scope)) finish_llm(outcome, scope);
}

constexpr char kCreate[] = "Messages.create", kStream[] = "Messages.stream",
               kAsyncCreate[] = "AsyncMessages.create", kAsyncStream[] = "AsyncMessages.stream";

constexpr const char* kModules[] = {"anthropic"};
constexpr py::Target kTargets[] = {
#define DD_ANTHROPIC(module)                                                                     \
  on_llm(module ":Messages.create", enter<false>, leave_create, kCreate),                        \
      on_llm(module ":Messages.stream", enter<false>, leave_stream, kStream),                    \
      on_llm_coroutine(module ":AsyncMessages.create", enter<true>, leave_create, kAsyncCreate), \
      on_llm(module ":AsyncMessages.stream", enter<false>, leave_stream, kAsyncStream)
    DD_ANTHROPIC("anthropic.resources.messages"),
    DD_ANTHROPIC("anthropic.resources.beta.messages.messages"),
#undef DD_ANTHROPIC
#define DD_ITERATOR(path, how) \
  { .where = path, .enter = enter_iterator, .leave = leave_iterator, .kind = how, .optional = true }
#define DD_ITERATORS(module, class)                                          \
  DD_ITERATOR(module ":" class ".__iter__", Kind::kIterator),                \
      DD_ITERATOR(module ":" class ".__stream_text__", Kind::kIterator),     \
      DD_ITERATOR(module ":Async" class ".__aiter__", Kind::kAsyncIterator), \
      DD_ITERATOR(module ":Async" class ".__stream_text__", Kind::kAsyncIterator)
    DD_ITERATORS("anthropic.lib.streaming._messages", "MessageStream"),
    DD_ITERATORS("anthropic.lib.streaming._beta_messages", "BetaMessageStream"),
#undef DD_ITERATORS
#undef DD_ITERATOR
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "anthropic",
                                     .package = "anthropic",
                                     .versions = ">=0.28.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::anthropic
