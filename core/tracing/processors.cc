#include "core/tracing/processors.h"

#include <utility>

#include "core/base/log.h"
#include "core/py/error.h"
#include "core/trace/segment.h"
#include "core/trace/tracer.h"
#include "core/tracing/span_object.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;

constinit PyObject* processors = nullptr;
constinit py::Name kProcessTrace("process_trace");
constinit bool reported = false;

// The answer as a list of spans; empty Ref: keep what was.
Ref ask(Handle processor, Handle list) {
  const Ref method = processor.attr(kProcessTrace);
  if (!method) return Ref();
  Ref answer = Ref::steal(PyObject_CallOneArg(method.ptr(), list.ptr()));
  if (!answer) {
    py::swallow_error();
    base::log_once(reported, base::LogLevel::kError,
                   "a trace processor raised; its traces are sent unprocessed");
    return Ref();
  }
  return answer.is_none() ? py::list() : Ref::steal(PySequence_List(answer.ptr()));
}

}  // namespace

void set_processors(Handle list) {
  if (list && processors == nullptr) {
    trace::ChunkHooks hooks = trace::Tracer::get().hooks();
    hooks.filter = filter_chunk;
    trace::Tracer::get().set_hooks(hooks);
  }
  const Ref old = Ref::steal(std::exchange(processors, list ? list.share().release() : nullptr));
}

void filter_chunk(std::vector<trace::Span*>& spans) {
  if (processors == nullptr || spans.empty()) return;
  const py::ErrorKeep keep;
  Ref list = py::list();
  for (trace::Span* span : spans) {
    span->chunk->retain();
    const Ref object = wrap_span(span, Handle(), Handle());
    if (!object || !list.append(object)) return;
  }
  const Ref made = list.share();  // the objects, so that the spans of an answer can be told
  const Ref active = Ref::borrow(processors);
  active.each([&](Handle processor) {
    if (list.size() == 0) return;
    Ref answer = ask(processor, list);
    if (answer)
      list = std::move(answer);
    else
      py::swallow_error();
  });
  std::vector<trace::Span*> kept;
  list.each([&](Handle item) {
    if (!is_span(item)) return;
    for (trace::Span* span : spans)
      if (span == as_span(item)->span) kept.push_back(span);
  });
  spans = std::move(kept);
}

}  // namespace dd::tracing
