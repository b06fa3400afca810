#include "core/tracing/processors.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/py/error.h"
#include "core/sampling/sampling.h"
#include "core/trace/segment.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"
#include "core/tracing/activation.h"
#include "core/tracing/span_object.h"

namespace dd::tracing {

constinit bool detail::keeps_objects = false;
constinit bool detail::has_start_listeners = false;

namespace {

using py::Handle;
using py::Ref;
using Spans = std::vector<trace::Span*>;

constinit PyObject* processors = nullptr;
constinit PyObject* writer = nullptr;
constinit PyObject* sampler = nullptr;
constinit PyObject* start_listeners = nullptr;
constinit PyObject* finish_listeners = nullptr;
constinit py::Name kProcessTrace("process_trace");
constinit py::Name kWrite("write");
constinit py::Name kSample("sample"), kSampleOrDiscard("sample_or_discard");
constinit py::Name kReport("report");
constinit bool listener_reported = false, sampler_reported = false;

Ref object_of(trace::Span& span) {
  if (span.object != nullptr) return Ref::borrow(static_cast<PyObject*>(span.object));
  span.chunk->retain();
  return wrap_span(&span, Handle(), Handle());
}

Ref list_of(const Spans& spans) {
  Ref list = py::list();
  for (trace::Span* span : spans)
    if (const Ref object = object_of(*span); !object || !list.append(object)) return Ref();
  return list;
}

// Calls; an Exception is reported once, anything else waits for the end of the phase.
Ref ask(Handle callable, Handle argument, bool& reported, const char* complaint) {
  Ref answer = Ref::steal(PyObject_CallOneArg(callable.ptr(), argument.ptr()));
  if (!answer) {
    py::swallow_error();
    base::log_once(reported, base::LogLevel::kError, complaint);
  }
  return answer;
}

// What the application's sampler says of the trace, asked by the first name that it has.
Ref ask_sampler(trace::Span& root, const py::Name& first, const py::Name& other) {
  const py::ErrorKeep keep;
  const Ref object = object_of(root), who = Ref::borrow(sampler);
  const Ref method = who.attr(first) ? who.attr(first) : who.attr(other);
  Ref answer;
  if (object && method) answer = ask(method, object, sampler_reported, "a sampler raised");
  py::swallow_error();
  return answer;
}

// Python's logging is told, as applications expect to find it there. `what` raised for `trace`.
void report(const char* event, Handle what, Handle trace) {
  const Ref error = py::take_exception();
  if (!error) return;
  if (!PyErr_GivenExceptionMatches(error.ptr(), PyExc_Exception)) {
    py::raise(error.share());
    py::swallow_error();  // an interrupt is kept for the end of the phase
    return;
  }
  const Ref module = Ref::steal(PyImport_ImportModule("ddtrace._trace._reports"));
  if (module)
    (void)Ref::steal(PyObject_CallFunction(module.attr(kReport).ptr(), "sOOO", event, what.ptr(),
                                           trace.ptr(), error.ptr()));
  py::swallow_error();
}

// Spans that the application made itself are sent with the others: finished now if they are open.
void adopt(SpanObject* made, Spans& kept, std::vector<trace::Shared<trace::Chunk>>& chunks) {
  trace::Span& span = *made->span;
  if (!made->detached() || span.sealed()) return;
  pack_structs(made);
  made->set_held(true);
  (void)Ref::borrow(reinterpret_cast<PyObject*>(made)).release();
  chunks.push_back(trace::Shared<trace::Chunk>::share(span.chunk));
  kept.push_back(&span);
}

void filter(Spans& spans, std::vector<trace::Shared<trace::Chunk>>& chunks) {
  if (processors == nullptr || spans.empty()) return;
  const py::ErrorKeep keep;
  Ref list = list_of(spans);
  if (!list) return;
  const Ref made = list.share();  // the objects of all, while answers are told apart
  const Ref active = Ref::borrow(processors);
  active.each([&](Handle processor) {
    if (list.size() == 0) return;
    const Ref method = processor.attr(kProcessTrace);
    if (!method)
      PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute 'process_trace'",
                   Py_TYPE(processor.ptr())->tp_name);
    const Ref answer = method ? Ref::steal(PyObject_CallOneArg(method.ptr(), list.ptr())) : Ref();
    if (!answer) return report("processor", processor, list);
    Ref next = answer.is_none() ? py::list() : Ref::steal(PySequence_List(answer.ptr()));
    if (!next) report("processor", processor, list);
    list = next ? std::move(next) : py::list();
  });
  Spans kept;
  list.each([&](Handle item) {
    if (!is_span(item)) return;
    pack_structs(as_span(item));
    bool known = false;
    for (trace::Span* span : spans)
      if (span == as_span(item)->span) known = true;
    if (known)
      kept.push_back(as_span(item)->span);
    else
      adopt(as_span(item), kept, chunks);
  });
  spans = std::move(kept);
}

// What the writer is being given in this thread, and what of it is to go on.
struct Taking {
  const Spans* given;
  Spans passed = {};
};
thread_local constinit Taking* taking = nullptr;

bool take(Spans& spans) {
  if (writer == nullptr) return false;
  const py::ErrorKeep keep;
  trace::Segment& segment = *spans.front()->segment;
  trace::Span& first = *spans.front();
  if (!segment.origin.empty()) first.set(trace::tags::kOrigin, segment.origin);
  const Ref target = Ref::borrow(writer), list = list_of(spans), method = target.attr(kWrite);
  Taking now{.given = &spans};
  Taking* const before = std::exchange(taking, &now);
  if (list && method && !Ref::steal(PyObject_CallOneArg(method.ptr(), list.ptr())))
    report("writer", target, list);
  taking = before;
  if (now.passed.empty()) return true;
  // The sinks put these where they belong.
  if (!segment.origin.empty()) first.remove(trace::tags::kOrigin);
  for (trace::Span* const span : now.passed) span->remove(trace::Key("_dd.tracer_kr"));
  list.each([](Handle item) { pack_structs(as_span(item)); });
  spans = std::move(now.passed);
  return false;
}

void leave(const Spans& spans) {
  std::vector<Ref> dropped;
  for (trace::Span* span : spans) {
    auto* const object = static_cast<SpanObject*>(span->object);
    if (object == nullptr || !object->held()) continue;
    object->set_held(false);
    dropped.push_back(Ref::steal(reinterpret_cast<PyObject*>(object)));
  }
  if (dropped.empty()) return;
  const py::ErrorKeep keep;
  dropped.clear();
}

void tell(PyObject* listeners, Handle span) {
  const py::ErrorKeep keep;
  const Ref list = Ref::borrow(listeners);
  list.each([&](Handle listener) {
    (void)ask(listener, span, listener_reported, "a span listener raised");
  });
}

void finished(trace::Span& span) {
  if (finish_listeners == nullptr || span.object == nullptr) return;
  tracing::leave(
      static_cast<PyObject*>(span.object));  // it is no longer active when they hear of it
  tell(finish_listeners, static_cast<PyObject*>(span.object));
}

void replace(PyObject*& place, Handle value) {
  if (value.is_list() && value.size() == 0) value = Handle();
  const Ref old = Ref::steal(std::exchange(place, value ? value.share().release() : nullptr));
  detail::keeps_objects = processors != nullptr || writer != nullptr;
  detail::has_start_listeners = start_listeners != nullptr;
  trace::ChunkHooks hooks = trace::Tracer::get().hooks();
  hooks.filter = processors ? filter : nullptr;
  hooks.take = writer ? take : nullptr;
  if (sampler != nullptr)
    hooks.decide = decide_trace_last;
  else if (hooks.decide == decide_trace_last)
    hooks.decide = sampling::decide_last;
  hooks.leave = detail::keeps_objects || hooks.leave ? leave : nullptr;  // once needed, for good
  hooks.finished = finish_listeners ? finished : nullptr;
  trace::Tracer::get().set_hooks(hooks);
}

}  // namespace

void detail::tell_start(Handle span_object) {
  if (start_listeners != nullptr) tell(start_listeners, span_object);
}

void decide_trace(trace::Segment& segment, trace::Span& root) {
  if (sampler == nullptr) return sampling::decide(segment, root);
  (void)ask_sampler(root, kSample, kSampleOrDiscard);
}

void decide_trace_last(trace::Segment& segment, trace::Span& root) {
  if (sampler == nullptr) return sampling::decide_last(segment, root);
  const py::ErrorKeep keep;
  const Ref answer = ask_sampler(root, kSampleOrDiscard, kSample);
  if (answer && answer.is_tuple() && answer.size() == 2 &&
      PyObject_IsTrue(PyTuple_GET_ITEM(answer.ptr(), 1)) == 1)
    segment.discarded = true;
  py::swallow_error();
}

void set_sampler(Handle object) { replace(sampler, object); }
void set_processors(Handle list) { replace(processors, list); }
void set_writer(Handle object) { replace(writer, object); }
bool pass_on(Handle list) {
  if (taking == nullptr || !list.is_list() || list.size() == 0) return false;
  Spans passed;
  bool known = true;
  list.each([&](Handle item) {
    trace::Span* const span = is_span(item) ? as_span(item)->span : nullptr;
    const auto has = [&](const Spans& spans) {
      return std::find(spans.begin(), spans.end(), span) != spans.end();
    };
    if (span == nullptr || !has(*taking->given) || has(taking->passed) || has(passed))
      known = false;
    else
      passed.push_back(span);
  });
  if (!known) return false;
  taking->passed.insert(taking->passed.end(), passed.begin(), passed.end());
  return true;
}
void set_listeners(Handle on_start, Handle on_finish) {
  replace(start_listeners, on_start);
  replace(finish_listeners, on_finish);
}

}  // namespace dd::tracing
