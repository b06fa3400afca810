// A span from enter to leave: what most hooks of most integrations are.
//
// The span lives in the hook's Scope: it ends when leave asks, or with the Scope if leave never
// ran. GIL held; nothing here raises.

#pragma once

#include <span>
#include <string_view>

#include "contrib/rules/naming.h"
#include "contrib/support/known_names.h"
#include "core/py/context.h"
#include "core/py/hook.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

struct Step {
  std::string_view name;
  std::string_view component{};
  std::string_view service{};   // null data: the parent's
  std::string_view source{};    // _dd.svc_src; null data: the parent's
  std::string_view resource{};  // null data: the name
  std::string_view type{};
  std::string_view kind{};  // "client", "server"
  bool measured = false;
  bool name_lasts = false;  // the name lives for ever
  bool is_root = false;     // of a trace of its own, whatever is active
  // The service is given after the start: the version is told as that of a span of the process, and
  // a service of the user's choice is told as such only when that of the process is one too.
  bool late_service = false;
  bool waits = false;  // of a coroutine: active from begin_step() on, where its code runs
  py::Handle keeps{};  // an object of the call that leave asks for
  // In place of name, service and source, which is the component's or says whose choice it is.
  const KnownNames* known = nullptr;
  std::span<const trace::StaticTag> tags{};   // in place of component and kind
  const py::ContextVariable* flag = nullptr;  // True inside
};

// Gives a span that has just started without one its service.
void set_late_service(trace::Span& span, std::string_view service, std::string_view source);

// The span of this call, empty when tracing is off.
tracing::LiveSpan& start_step(py::Scope& scope, const Step& step);
// Null when the hook started none.
tracing::LiveSpan* step_of(py::Scope& scope);
// What the step keeps; empty when the hook started none.
py::Handle kept_of(py::Scope& scope);
// For targets that are followed (py::Target::begin): makes the span active.
void begin_step(py::Scope& scope);
// The span is somebody else's to finish from here on.
void hand_over_step(py::Scope& scope);
// Records the exception, if any, and ends the span. A coroutine that never began had no span.
void finish_step(const py::Outcome& outcome, py::Scope& scope);

// finish_step()'s part for spans that end elsewhere: one that took its parent's service says who it
// is of, unless the user chose the service.
void settle_source(trace::Span& span);

}  // namespace dd::contrib
