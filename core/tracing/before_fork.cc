#include "core/tracing/before_fork.h"

#include "core/py/at_fork.h"
#include "core/py/ref.h"
#include "core/trace/segment.h"
#include "core/tracing/activation.h"
#include "core/tracing/processors.h"
#include "core/tracing/span_object.h"

namespace dd::tracing {
namespace {

bool is_open(trace::Segment& segment) {
  const base::MutexLock lock(segment.mutex);
  return !segment.priority;
}

void decide_active() {
  const py::Ref active = active_object();
  py::swallow_error();
  if (is_span(active))
    if (trace::Span& root = *as_span(active)->root->span; !root.sealed() && is_open(*root.segment))
      decide_trace(*root.segment, root);
}

}  // namespace

void decide_before_forks() { py::call_at_fork(py::AtFork::kBefore, &decide_active); }

}  // namespace dd::tracing
