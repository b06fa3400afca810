#include "contrib/support/step.h"

#include <utility>

#include "contrib/support/integration.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"

namespace dd::contrib {
namespace {

struct StepState {
  StepState(tracing::LiveSpan&& started, const Step& step)
      : span(std::move(started)),
        kept(step.keeps.share()),
        flag(step.flag),
        waits(step.waits),
        settled(step.known != nullptr) {
    if (flag && !waits) inside = py::InForce(*flag, py::boolean(true));
  }
  StepState(StepState&& other) noexcept
      : span(std::move(other.span)),
        kept(std::move(other.kept)),
        inside(std::move(other.inside)),
        flag(other.flag),
        waits(other.waits),
        settled(other.settled) {}
  // leave was skipped: the hook's own fault, or an interrupt while entering.
  ~StepState() {
    if (span.open()) span.finish();
  }

  tracing::LiveSpan span;
  py::Ref kept;
  py::InForce inside;
  const py::ContextVariable* flag;
  bool waits;  // to begin
  bool settled;
};

}  // namespace

void set_late_service(trace::Span& span, std::string_view service, std::string_view source) {
  span.set_service(service);
  if (source != "m" || settings().naming.facts().service_is_users)
    span.set(trace::tags::kServiceSource, source);
}

tracing::LiveSpan& start_step(py::Scope& scope, const Step& step) {
  const std::string_view service = step.late_service ? std::string_view() : step.service;
  tracing::SpanStart what = {.name = step.name,
                             .service = service,
                             .resource = step.resource,
                             .type = step.type,
                             .activate = !step.waits,
                             .measured = step.measured};
  if (step.name_lasts) what.known_name = trace::Text::lasting(step.name);
  if (step.known) {
    what.known_name = step.known->name;
    what.known_service = step.known->service;
    what.known_source = step.known->source;
  }
  StepState& state = scope.emplace<StepState>(
      step.is_root ? tracing::LiveSpan::start_under({}, what) : tracing::LiveSpan::start(what),
      step);
  if (state.span) {
    trace::Span& span = state.span.span();
    if (!step.tags.empty()) span.set_static(step.tags);
    if (!step.component.empty()) span.set_static(trace::tags::kComponent, step.component);
    if (!step.kind.empty()) span.set_static(trace::tags::kSpanKind, step.kind);
    if (step.late_service)
      set_late_service(span, step.service, step.source);
    else if (!step.source.empty())
      span.set(trace::tags::kServiceSource, step.source);
  }
  return state.span;
}

tracing::LiveSpan* step_of(py::Scope& scope) {
  StepState* state = scope.get<StepState>();
  return state && state->span ? &state->span : nullptr;
}

py::Handle kept_of(py::Scope& scope) {
  StepState* state = scope.get<StepState>();
  return state ? py::Handle(state->kept) : py::Handle();
}

void begin_step(py::Scope& scope) {
  StepState* state = scope.get<StepState>();
  if (!state || !state->span) return;
  state->waits = false;
  tracing::activate(state->span.object());
  if (state->flag) state->inside = py::InForce(*state->flag, py::boolean(true));
}

void hand_over_step(py::Scope& scope) {
  if (StepState* state = scope.get<StepState>()) state->span = tracing::LiveSpan();
}

void finish_step(const py::Outcome& outcome, py::Scope& scope) {
  StepState* state = scope.get<StepState>();
  if (!state) return;
  state->inside.end();
  if (!state->span) return;
  if (state->waits && outcome.abandoned()) return state->span.forget();
  if (outcome.error) state->span.fail(outcome.error);
  if (!state->settled) settle_source(state->span.span());
  state->span.finish();
}

// A span that took its parent's service says at its end who it is of, when the service is an
// integration's own (under schema v1 that is the process', for work inside of it) or inferred.
// Spans below it have inherited what the parent said.
void settle_source(trace::Span& span) {
  const std::string_view source = span.text(trace::tags::kServiceSource);
  if (source == "m" || source.starts_with("opt.")) return;
  if (source.empty() || source != span.service.view()) {
    const trace::ProcessFacts& process = trace::Tracer::get().facts();
    const bool is_integrations =
        process.service_is_inferred ||
        (settings().naming.only_process() && span.text(trace::tags::kSpanKind).empty());
    if (!is_integrations || span.service.view() != process.service) return;
  }
  const trace::Attribute* const component = span.find(trace::tags::kComponent);
  if (component && component->kind == trace::AttributeKind::kText && component->text.size != 0 &&
      component->text.view() != source)
    span.set(trace::tags::kServiceSource, component->text);
}

}  // namespace dd::contrib
