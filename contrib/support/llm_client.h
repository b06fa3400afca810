// Shared engine of clients of language models: one span a call, until its answer is complete.
//
// An answer that comes in pieces is followed: its pieces say which model made it and what it cost.
// GIL held; nothing here raises.

#pragma once

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
  std::string_view kind{};       // "llm", "embedding"; empty: no model answers
  bool waits = false;            // a coroutine: begin_llm() is its target's `begin`
};

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
  std::string model;                // that was asked for, later the one that answered
  std::string_view provider{};      // "openai"; literals only
  py::Ref usage{};                  // what the answer says of its tokens
  const void* operation = nullptr;  // the integration's
  bool waits;
};

// Null when there is no span.
LlmRequest* start_llm(py::Scope& scope, const LlmCall& call);
void begin_llm(py::Scope& scope);
// Null when the hook started none.
LlmRequest* llm_of(py::Scope& scope);
// Tags what is known of model and tokens, records the error, ends the span.
void finish_llm(const py::Outcome& outcome, py::Scope& scope);

}  // namespace dd::contrib
