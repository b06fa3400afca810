#include "core/tracing/activation.h"

#include "core/py/compat/context_write.h"
#include "core/py/context.h"
#include "core/tracing/before_fork.h"
#include "core/tracing/context_object.h"
#include "core/tracing/hub_events.h"
#include "core/tracing/span_object.h"

namespace dd::tracing {
namespace {

constinit PyObject* variable = nullptr;
constinit PyObject* custom = nullptr;

void store(py::Handle value) { py::set_context_variable(context_variable(), value); }

py::Ref load() { return py::read_context_variable(context_variable()); }

bool may_reactivate(py::Handle context) {
  if (!is_context(context)) return false;
  const py::Handle wish = as_context(context)->reactivate;
  return wish && PyObject_IsTrue(wish.ptr()) == 1;
}

}  // namespace

PyObject* context_variable() {
  if (variable == nullptr) [[unlikely]] {
    variable = PyContextVar_New("datadog_contextvar", Py_None);
    decide_before_forks();
  }
  return variable;
}

py::Ref active_object() {
  if (custom != nullptr) [[unlikely]] {
    py::Ref found = py::Ref::steal(PyObject_CallMethod(custom, "active", nullptr));
    return found && found.is_none() ? py::Ref() : static_cast<py::Ref&&>(found);
  }
  return variable_active();
}

bool peek_active(ActiveIds& ids) {
  PyObject* const value = variable == nullptr ? nullptr : py::compat::peek_context_value(variable);
  if (value == nullptr || Py_TYPE(value) != span_type()) return false;
  const SpanObject* at = reinterpret_cast<const SpanObject*>(value);
  while (at->span->finished()) {
    if (!at->parent) return false;
    at = as_span(at->parent);
  }
  ids = {at->span->segment->trace_id, at->span->id};
  return true;
}

py::Ref open_above(py::Handle span_object) {
  py::Handle at = span_object;
  while (is_span(at) && as_span(at)->span->finished()) {
    if (as_span(at)->parent) {
      at = as_span(at)->parent;
    } else {
      const py::Handle context = as_span(at)->parent_context();
      at = may_reactivate(context) ? context : py::Handle();
    }
  }
  return at ? at.share() : py::Ref();
}

py::Ref parent_of_next() {
  if (custom != nullptr) [[unlikely]]
    return active_object();
  py::Ref value = load();
  if (!value || value.is_none()) return py::Ref();
  if (!is_span(value) || !as_span(value)->span->finished()) return value;
  return open_above(value);
}

py::Ref variable_active() {
  py::Ref value = load();
  if (!value || value.is_none()) return py::Ref();
  if (!is_span(value) || !as_span(value)->span->finished()) return value;
  py::Ref result = open_above(value);
  set_variable(result);
  return result;
}

void set_variable(py::Handle span_or_context) {
  store(span_or_context ? span_or_context : py::Handle(Py_None));
  if (heard(HubEvent::kActivate)) [[unlikely]]
    tell(HubEvent::kActivate, {span_or_context});
}

void set_active(py::Handle span_or_context) {
  if (custom != nullptr) [[unlikely]] {
    const py::Handle value = span_or_context ? span_or_context : py::Handle(Py_None);
    const py::Ref done = py::Ref::steal(PyObject_CallMethod(custom, "activate", "O", value.ptr()));
    return;
  }
  set_variable(span_or_context);
}

void leave(py::Handle span_object) {
  if (custom != nullptr) [[unlikely]] {
    const py::Ref found = active_object();
    return;
  }
  SpanObject* const span = as_span(span_object);
  if (span->parent && !as_span(span->parent)->span->finished() && !heard(HubEvent::kActivate))
    return;  // whoever asks next finds the parent
  if (!span->parent && !span->parent_context() && load().is(span_object))
    return set_variable(py::Handle());
  const py::Ref found = variable_active();
}

void set_provider(py::Handle provider) {
  py::Ref old = py::Ref::steal(custom);
  custom = provider ? provider.share().release() : nullptr;
}

py::Handle provider() { return custom; }

}  // namespace dd::tracing
