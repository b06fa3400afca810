// Shared engine of clients of language models: one span a call, until its answer is complete.
//
// An answer that comes in pieces is followed: its pieces say which model made it and what it cost.
// GIL held; nothing here raises.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "contrib/rules/naming.h"
#include "core/py/hook.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

struct LlmCall {
  std::string_view component;    // "openai"
  std::string_view name;         // "openai.request"
  std::string_view resource;     // "createChatCompletion"
  std::string_view own_service;  // of the settings
  std::string_view kind{};       // "llm", "embedding", "retrieval"; empty: no model answers
  bool waits = false;            // a coroutine: begin_llm() is its target's `begin`
  bool tells_component = true;   // else its service is told as the user's choice, too
  bool late_service = false;     // only one that the user chose, given after the start (step.h)
};

// What a call has cost; -1 for what the answer does not say.
struct LlmTokens {
  std::int64_t input = -1, output = -1, total = -1;
  std::int64_t cache_read = -1, cache_write = -1, reasoning = -1;
};
// Of a `usage` as OpenAI's API made it common: input_tokens, or prompt_tokens.
LlmTokens llm_tokens(py::Handle usage);

// State of the hook, from enter to the end of the answer.
struct LlmRequest {
  LlmRequest(tracing::LiveSpan&& started, const LlmCall& call)
      : span(std::move(started)), kind(call.kind), waits(call.waits) {}
  LlmRequest(LlmRequest&&) noexcept = default;
  ~LlmRequest() {
    if (span.open()) span.finish();
  }

  tracing::LiveSpan span;
  std::string_view kind;
  std::string model;       // that was asked for, later the one that answered
  std::string provider{};  // "openai"
  LlmTokens tokens{};
  const void* operation = nullptr;  // the integration's
  bool waits;
};

// Null when there is no span.
LlmRequest* start_llm(py::Scope& scope, const LlmCall& call);
void begin_llm(py::Scope& scope);
// Null when the hook started none.
LlmRequest* llm_of(py::Scope& scope);
// Follows an answer that comes in pieces: a generator, or a stream as the classes of clients are
// called. False for others.
bool follow_llm(py::Outcome& outcome, py::Scope& scope, const py::Watch& pieces);
// finish_llm()'s parts, for spans that end elsewhere.
void tag_llm_model(const LlmRequest& request);
void tag_llm_tokens(trace::Span& span, const LlmTokens& tokens);
// Tags what is known of model and tokens, records the error, ends the span.
void finish_llm(const py::Outcome& outcome, py::Scope& scope);
void end_llm(py::Outcome& outcome, py::Scope& scope);  // the same, for py::Watch

// Rows of a table; some versions lack some methods.
constexpr py::Target on_llm(const char* where, py::Enter enter, py::Leave leave, const void* data) {
  return {.where = where, .enter = enter, .leave = leave, .optional = true, .data = data};
}
constexpr py::Target on_llm_coroutine(const char* where, py::Enter enter, py::Leave leave,
                                      const void* data) {
  return {.where = where,
          .enter = enter,
          .leave = leave,
          .kind = py::Kind::kAwaitable,
          .optional = true,
          .data = data,
          .begin = begin_llm};
}

}  // namespace dd::contrib
