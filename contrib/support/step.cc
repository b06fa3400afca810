#include "contrib/support/step.h"

#include <utility>

#include "core/trace/tags.h"
#include "core/trace/tracer.h"

namespace dd::contrib {
namespace {

struct StepState {
  explicit StepState(tracing::LiveSpan&& started) : span(std::move(started)) {}
  StepState(StepState&& other) noexcept : span(std::move(other.span)) {}
  // leave was skipped: the hook's own fault, or an interrupt while entering.
  ~StepState() {
    if (span.open()) span.finish();
  }

  tracing::LiveSpan span;
};

// A span that took its parent's service says at its end who it is of, unless the user chose the
// service. Spans below it have inherited what the parent said.
void settle_source(trace::Span& span) {
  const std::string_view source = span.text(trace::tags::kServiceSource);
  if (source == "m" || source.starts_with("opt.")) return;
  if (source.empty()) {
    const trace::ProcessFacts& process = trace::Tracer::get().facts();
    if (!process.service_is_inferred || span.service.view() != process.service) return;
  }
  const std::string_view component = span.text(trace::tags::kComponent);
  if (!component.empty() && component != source) span.set(trace::tags::kServiceSource, component);
}

}  // namespace

tracing::LiveSpan& start_step(py::Scope& scope, const Step& step) {
  StepState& state =
      scope.emplace<StepState>(tracing::LiveSpan::start({.name = step.name,
                                                         .service = step.service,
                                                         .resource = step.resource,
                                                         .type = step.type,
                                                         .measured = step.measured}));
  if (state.span) {
    trace::Span& span = state.span.span();
    if (!step.component.empty()) span.set_static(trace::tags::kComponent, step.component);
    if (!step.kind.empty()) span.set_static(trace::tags::kSpanKind, step.kind);
    if (!step.source.empty()) span.set(trace::tags::kServiceSource, step.source);
  }
  return state.span;
}

tracing::LiveSpan* step_of(py::Scope& scope) {
  StepState* state = scope.get<StepState>();
  return state && state->span ? &state->span : nullptr;
}

void finish_step(const py::Outcome& outcome, py::Scope& scope) {
  const tracing::LiveSpan* span = step_of(scope);
  if (!span) return;
  if (outcome.error) span->fail(outcome.error);
  settle_source(span->span());
  span->finish();
}

}  // namespace dd::contrib
