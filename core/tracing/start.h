// Starting a span from Python values. Source: SPAN.md section 8.

#pragma once

#include "core/py/ref.h"
#include "core/trace/tracer.h"

namespace dd::tracing {

// A child of `parent` (a Span or Context object, or empty for a new root); empty only when out of
// memory. `options` brings names, texts and times; the relations are filled in here. Who has just
// asked what is active, and makes it the parent, says so.
py::Ref start_span(py::Handle parent, trace::StartOptions&& options, bool activate,
                   bool parent_is_active = false);

// Tags that every later span gets (tracer.set_tags): a dict, read for each. Empty is for none.
void set_common_tags(py::Handle tags);
py::Handle common_tags();  // empty when there are none
// Called after each set_common_tags(). With the GIL; one.
void on_common_tags(void (*changed)());

}  // namespace dd::tracing
