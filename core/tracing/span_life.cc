// The end of a Span, what runs then, and what only travels with the object.
// Source: SPAN.md sections 2, 6 and 11.

#include <cmath>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/py/error.h"
#include "core/py/method.h"
#include "core/sampling/sampling.h"
#include "core/trace/end.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"
#include "core/tracing/activation.h"
#include "core/tracing/context_object.h"
#include "core/tracing/named.h"
#include "core/tracing/processors.h"
#include "core/tracing/span_object.h"
#include "core/tracing/text.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;

SpanObject* me(PyObject* object) { return reinterpret_cast<SpanObject*>(object); }
PyObject* object_of(SpanObject* self) { return reinterpret_cast<PyObject*>(self); }
PyObject* nothing() { return py::none().release(); }

void set_flag(trace::Span& span, trace::SpanFlag flag, bool on) {
  span.flags = static_cast<std::uint16_t>(on ? span.flags | flag : span.flags & ~flag);
}

// Another API than ours is the source of a service that nobody named.
void note_api(SpanObject* self) {
  const Ref& api = self->extras->api;
  if (!api || !api.is_str()) return;
  trace::Span& span = *self->span;
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  if (facts.service_is_inferred && span.service.view() == facts.service &&
      span.text(trace::tags::kServiceSource).empty())
    span.set(trace::tags::kServiceSource, Utf8(api).view);
}

void finish_natively(SpanObject* self, std::int64_t end_ns) {
  if (self->extras != nullptr) [[unlikely]]
    note_api(self);
  trace::Tracer::get().finish(self->span, end_ns);
}

// The tracer's own step among the callbacks: what stands before it sees the span before it leaves.
PyObject* end_natively(PyObject*, PyObject* span) {
  if (!is_span(span) || as_span(span)->detached()) return nothing();
  SpanObject* const self = as_span(span);
  trace::Span& native = *self->span;
  if (native.sealed() || !native.finished()) return nothing();
  pack_structs(self);
  // Marked as finished while earlier callbacks ran; now the tracer does it.
  set_flag(native, trace::kFinished, false);
  finish_natively(self, trace::end_of(native));
  leave(span);
  return PyErr_Occurred() ? nullptr : nothing();
}

Ref native_step() {
  static PyMethodDef definition = {"_on_span_finish", end_natively, METH_O, nullptr};
  static PyObject* const made = PyCFunction_New(&definition, nullptr);
  return Ref::borrow(made);
}

bool end_with_callbacks(SpanObject* self, std::int64_t end_ns) {
  trace::Span& span = *self->span;
  span.duration_ns = trace::length_of(span.start_ns, end_ns ? end_ns : base::wall_ns());
  set_flag(span, trace::kFinished, true);
  const Ref callbacks = self->extras->callbacks.share(), own = native_step();
  bool ended = self->detached(), clean = true;
  for (Py_ssize_t i = 0; clean && i < PyList_GET_SIZE(callbacks.ptr()); ++i) {
    const Ref callback = Ref::borrow(PyList_GET_ITEM(callbacks.ptr(), i));
    ended = ended || callback.is(own);
    clean = static_cast<bool>(Ref::steal(PyObject_CallOneArg(callback.ptr(), object_of(self))));
  }
  if (!ended) {
    const py::ErrorKeep keep;
    const Ref done = Ref::steal(end_natively(nullptr, object_of(self)));
    if (!done) py::swallow_error();
  }
  return clean;
}

PyObject* py_finish(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"finish_time", nullptr};
  PyObject* time = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:finish", const_cast<char**>(kNames), &time))
    return nullptr;
  std::int64_t end_ns = 0;
  if (time != Py_None) {
    const double seconds = PyFloat_AsDouble(time);
    if (PyErr_Occurred()) return nullptr;
    if (std::isnan(seconds))
      return PyErr_Format(PyExc_ValueError, "cannot convert float NaN to integer");
    if (std::isinf(seconds))
      return PyErr_Format(PyExc_OverflowError, "cannot convert float infinity to integer");
    end_ns = nanoseconds(time, 1e9).value_or(0);
    if (end_ns == 0) end_ns = 1;  // 0 means now to the tracer, but the epoch is a time too
  }
  return finish_span(me(object), end_ns) ? nothing() : nullptr;
}
PyObject* py_finish_ns(PyObject* object, PyObject* time) {
  const auto end_ns = nanoseconds(time, 1);
  if (!end_ns)
    return PyErr_Format(PyExc_TypeError, "finish time must be a number, not '%s'",
                        Py_TYPE(time)->tp_name);
  return finish_span(me(object), *end_ns == 0 ? 1 : *end_ns) ? nothing() : nullptr;
}
// A subclass may have a finish() of its own.
bool finish_own(PyObject* object) {
  return static_cast<bool>(Ref::steal(PyObject_CallMethod(object, "finish", nullptr)));
}
PyObject* py_finish_all(PyObject* object, PyObject*) {
  for (Ref at = Handle(object).share(); at; at = as_span(at)->parent.share())
    if (!finish_span(as_span(at), 0)) return nullptr;
  return nothing();
}

PyObject* py_before_finish(PyObject* object, PyObject* callback) {
  const Ref list = callbacks_of(me(object));
  return !list || PyList_Insert(list.ptr(), 0, callback) < 0 ? nullptr : nothing();
}

// --- decisions ------------------------------------------------------------------------------

PyObject* py_override_decision(PyObject* object, PyObject* decision) {
  const auto priority = as_int64(decision);
  trace::Segment& segment = *me(object)->span->segment;
  decide(me(object), !priority || *priority > 0);
  const base::MutexLock lock(segment.mutex);
  segment.priority.reset();
  if (priority) segment.priority = static_cast<int>(*priority);
  return nothing();
}

PyObject* py_set_decision_maker(PyObject* object, PyObject* mechanism) {
  const auto number = as_int64(mechanism);
  if (!number) return nothing();
  const std::string text = "-" + std::to_string(*number);
  trace::Segment& segment = *me(object)->span->segment;
  {
    const base::MutexLock lock(segment.mutex);
    trace::set_entry(segment.meta(), trace::tags::kDecisionMaker.text, text);
  }
  return py::str(text).release();
}

// --- values that only travel with the object ------------------------------------------------

Ref& items_of(SpanObject* self) {
  Ref& dict = extras(self).items;
  if (!dict) dict = py::dict();
  return dict;
}
PyObject* py_set_item(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"key", "val", nullptr};
  PyObject *key, *value;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:_set_ctx_item", const_cast<char**>(kNames),
                                   &key, &value))
    return nullptr;
  return PyDict_SetItem(items_of(me(object)).ptr(), key, value) < 0 ? nullptr : nothing();
}
PyObject* py_set_items(PyObject* object, PyObject* items) {
  return PyDict_Update(items_of(me(object)).ptr(), items) < 0 ? nullptr : nothing();
}
PyObject* py_get_item(PyObject* object, PyObject* key) {
  const SpanExtras* const all = me(object)->extras;
  if (all == nullptr || !all->items) return nothing();
  const Handle found = PyDict_GetItemWithError(all->items.ptr(), key);
  if (!found && PyErr_Occurred()) return nullptr;
  return found ? found.share().release() : nothing();
}

PyObject* py_not_pickled(PyObject*, PyObject*) {
  PyErr_SetString(PyExc_TypeError, "cannot pickle 'Span' object");
  return nullptr;
}

}  // namespace

PyObject* enter_span(PyObject* span, PyObject* const*, Py_ssize_t count) {
  if (count != 0)
    return PyErr_Format(PyExc_TypeError, "Span.__enter__() takes no arguments (%zd given)", count);
  return Py_NewRef(span);
}

PyObject* exit_span(PyObject* span, PyObject* const* args, Py_ssize_t count) {
  if (count == 3 && args[0] != Py_None && args[2] != Py_None) [[unlikely]]
    if (!record_error(me(span), args[0], args[1], args[2])) PyErr_Clear();
  const bool ended = Py_TYPE(span) == span_type() ? finish_span(me(span), 0) : finish_own(span);
  if (!ended && !swallow_exception()) return nullptr;
  return nothing();
}

Ref callbacks_of(SpanObject* self) {
  Ref& list = extras(self).callbacks;
  if (!list) {
    list = py::list();
    if (!self->detached()) (void)list.append(native_step());
  }
  return list.share();
}

bool finish_span(SpanObject* self, std::int64_t end_ns) {
  trace::Span& span = *self->span;
  if (span.finished()) return true;
  if (keeps_objects() && !self->held() && !self->detached()) [[unlikely]] {
    self->set_held(true);
    (void)Handle(object_of(self)).share().release();
  }
  if (self->extras != nullptr && self->extras->callbacks) [[unlikely]]
    return end_with_callbacks(self, end_ns);
  if (self->detached()) [[unlikely]] {
    pack_structs(self);
    span.duration_ns = trace::length_of(span.start_ns, end_ns ? end_ns : base::wall_ns());
    set_flag(span, trace::kFinished, true);
    return true;
  }
  if (self->extras != nullptr) pack_structs(self);
  finish_natively(self, end_ns);
  leave(object_of(self));
  return swallow_exception();
}

void decide(SpanObject* self, bool keep) {
  sampling::decide_by_hand(*self->span->segment, keep);
  SpanObject* const root = self->root;
  if (root->span->sealed()) return;
  for (const trace::Key& key :
       {trace::tags::kRulePsr, trace::tags::kLimitPsr, trace::tags::kAgentPsr})
    root->span->remove(key);
}

PyMethodDef kSpanLifeMethods[] = {
    {"__reduce__", py_not_pickled, METH_NOARGS, nullptr},
    {"__reduce_ex__", py_not_pickled, METH_O, nullptr},
    {"finish", py::method<py_finish>, METH_VARARGS | METH_KEYWORDS,
     "finish($self, finish_time=None)\n--\n\nEnds the span, now or at a time in seconds."},
    {"_finish_ns", named<"finish_time_ns", py_finish_ns>, kNamed, nullptr},
    {"_finish_with_ancestors", py_finish_all, METH_NOARGS, nullptr},
    {"_add_on_finish_exception_callback", named<"callback", py_before_finish>, kNamed, nullptr},
    {"_override_sampling_decision", named<"decision", py_override_decision>, kNamed, nullptr},
    {"_set_sampling_decision_maker", named<"sampling_mechanism", py_set_decision_maker>, kNamed,
     nullptr},
    {"_set_ctx_item", py::method<py_set_item>, METH_VARARGS | METH_KEYWORDS, nullptr},
    {"_set_ctx_items", named<"items", py_set_items>, kNamed, nullptr},
    {"_get_ctx_item", named<"key", py_get_item>, kNamed, nullptr},
    {}};

}  // namespace dd::tracing
