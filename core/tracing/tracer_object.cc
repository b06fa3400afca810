#include "core/tracing/tracer_object.h"

#include <optional>
#include <string>
#include <utility>

#include "core/py/error.h"
#include "core/py/gil.h"
#include "core/py/method.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"
#include "core/tracing/activation.h"
#include "core/tracing/context_object.h"
#include "core/tracing/known_text.h"
#include "core/tracing/named.h"
#include "core/tracing/processors.h"
#include "core/tracing/span_object.h"
#include "core/tracing/start.h"
#include "core/tracing/text.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;

constinit PyTypeObject* type_object = nullptr;
using Flush = void (*)();
constinit Flush flush_waiting = nullptr;

PyObject* nothing() { return py::none().release(); }

// Positional and named arguments of a fast call, into `out`, by the order of `names`.
template <int kCount>
bool bind(const char* function, const char* const (&names)[kCount], PyObject* const* args,
          Py_ssize_t count, PyObject* kwnames, PyObject* (&out)[kCount]) {
  if (count > kCount) {
    PyErr_Format(PyExc_TypeError,
                 "Tracer.%s() takes from 2 to %d positional arguments but %zd were given", function,
                 kCount + 1, count + 1);
    return false;
  }
  for (Py_ssize_t i = 0; i < count; ++i) out[i] = args[i];
  const Py_ssize_t named = kwnames == nullptr ? 0 : PyTuple_GET_SIZE(kwnames);
  for (Py_ssize_t i = 0; i < named; ++i) {
    PyObject* const name = PyTuple_GET_ITEM(kwnames, i);
    int at = 0;
    while (at < kCount && PyUnicode_CompareWithASCIIString(name, names[at]) != 0) ++at;
    if (at == kCount || out[at] != nullptr) {
      PyErr_Format(PyExc_TypeError,
                   at == kCount ? "Tracer.%s() got an unexpected keyword argument '%U'"
                                : "Tracer.%s() got multiple values for argument '%U'",
                   function, name);
      return false;
    }
    out[at] = args[count + i];
  }
  if (out[0] == nullptr) {
    PyErr_Format(PyExc_TypeError, "Tracer.%s() missing 1 required positional argument: '%s'",
                 function, names[0]);
    return false;
  }
  return true;
}

Ref start_with(PyObject* name, PyObject* service, PyObject* resource, PyObject* type, Handle parent,
               bool activate, bool parent_is_active) {
  const KnownText* const known = known_text(name);
  if (known && !service && !resource && !type)
    return start_span(parent, {.known_name = known->text}, activate, parent_is_active);
  const FieldText name_text(name), service_text(service), resource_text(resource), type_text(type);
  // What is given and no text is none; what is not given has a default.
  const auto given = [](PyObject* value) { return value != nullptr && value != Py_None; };
  const bool no_service = given(service) && service_text.view.data() == nullptr;
  const bool no_resource = given(resource) && resource_text.view.data() == nullptr;
  Ref made = start_span(parent,
                        {.name = name_text.view.data() ? name_text.view : "",
                         .service = no_service ? "" : service_text.view,
                         .resource = no_resource ? "" : resource_text.view,
                         .type = type_text.view},
                        activate, parent_is_active);
  if (!made) return made;
  trace::Span& span = *as_span(made)->span;
  if (no_service) {
    span.set_service({});
    span.set_static(trace::tags::kServiceSource, "m");
  }
  span.name.form = name_text.form;
  span.resource.form = given(resource) ? resource_text.form : name_text.form;
  if (given(service)) span.service.form = service_text.form;
  if (given(type)) span.type.form = type_text.form;
  return made;
}

// A tracer that is not the first one is told of each span that it has started.
struct TracerObject {
  PyObject_HEAD
  bool is_second;
};
constinit py::Name kOwn("_own");

Ref told(PyObject* tracer, Ref span) {
  if (!reinterpret_cast<TracerObject*>(tracer)->is_second || !span) return span;
  const py::ErrorKeep keep;
  const Ref own = Handle(tracer).attr(kOwn);
  if (own && !Ref::steal(PyObject_CallOneArg(own.ptr(), span.ptr()))) py::swallow_error();
  return span;
}

void keep_api(const Ref& span, PyObject* api) {
  if (!span || api == nullptr ||
      (PyUnicode_Check(api) && PyUnicode_CompareWithASCIIString(api, "datadog") == 0))
    return;
  extras(as_span(span)).api = Handle(api).share();
  if (PyUnicode_Check(api) && PyUnicode_CompareWithASCIIString(api, "otel") == 0)
    trace::Tracer::get().mark_by_otel(*as_span(span)->span);
}

PyObject* py_trace(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* kwnames) {
  static constexpr const char* kNames[] = {"name", "service", "resource", "span_type", "span_api"};
  PyObject* bound[5] = {};
  if (!bind("trace", kNames, args, count, kwnames, bound)) return nullptr;
  const Ref parent = parent_of_next();
  if (PyErr_Occurred()) return nullptr;
  Ref span = start_with(bound[0], bound[1], bound[2], bound[3], parent, true, true);
  keep_api(span, bound[4]);
  return told(self, std::move(span)).release();
}

PyObject* py_start_span(PyObject* self, PyObject* const* args, Py_ssize_t count,
                        PyObject* kwnames) {
  static constexpr const char* kNames[] = {"name",      "child_of", "service", "resource",
                                           "span_type", "activate", "span_api"};
  PyObject* bound[7] = {};
  if (!bind("start_span", kNames, args, count, kwnames, bound)) return nullptr;
  const int activate = bound[5] ? PyObject_IsTrue(bound[5]) : 0;
  if (activate < 0) return nullptr;
  if (const Handle parent = bound[1];
      parent && !parent.is_none() && !is_span(parent) && !is_context(parent))
    return PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute 'trace_id'",
                        Py_TYPE(parent.ptr())->tp_name);
  Ref span = start_with(bound[0], bound[2], bound[3], bound[4], bound[1], activate != 0, false);
  keep_api(span, bound[6]);
  return told(self, std::move(span)).release();
}

PyObject* py_current_span(PyObject*, PyObject*) {
  Ref found = active_object();
  if (PyErr_Occurred()) return nullptr;
  return is_span(found) ? found.release() : nothing();
}
PyObject* py_current_root(PyObject*, PyObject*) {
  const Ref found = active_object();
  if (PyErr_Occurred()) return nullptr;
  if (!is_span(found)) return nothing();
  return Handle(reinterpret_cast<PyObject*>(as_span(found)->root)).share().release();
}
PyObject* py_current_context(PyObject*, PyObject*, PyObject*) {
  Ref found = active_object();
  if (PyErr_Occurred()) return nullptr;
  if (is_span(found)) return context_of(as_span(found)).share().release();
  return found ? found.release() : nothing();
}
PyObject* py_activate(PyObject*, PyObject* value) {
  set_active(value);
  return PyErr_Occurred() ? nullptr : nothing();
}
PyObject* py_set_tags(PyObject*, PyObject* tags) {
  set_common_tags(tags);
  return nothing();
}
PyObject* py_sample(PyObject*, PyObject* span) {
  if (!is_span(span))
    return PyErr_Format(PyExc_AttributeError,
                        "'%s' object has no attribute '_update_tags_from_context'",
                        Py_TYPE(span)->tp_name);
  trace::Span& root = *as_span(span)->root->span;
  if (!root.sealed()) decide_trace(*as_span(span)->span->segment, root);
  return nothing();
}
PyObject* py_flush(PyObject*, PyObject*) {
  if (flush_waiting != nullptr) {
    const py::GilGap gap;
    flush_waiting();
  }
  return nothing();
}

PyObject* get_second(PyObject* self, void*) {
  return PyBool_FromLong(reinterpret_cast<TracerObject*>(self)->is_second);
}
int set_second(PyObject* self, PyObject* value, void*) {
  reinterpret_cast<TracerObject*>(self)->is_second = value == Py_True;
  return 0;
}

PyObject* get_enabled(PyObject*, void*) { return PyBool_FromLong(trace::Tracer::get().enabled()); }
int set_enabled(PyObject*, PyObject* value, void*) {
  const int on = value == nullptr ? 0 : PyObject_IsTrue(value);
  if (on < 0) return -1;
  trace::Tracer::get().set_enabled(on != 0);
  return 0;
}

}  // namespace

void set_flush(void (*flush)()) { flush_waiting = flush; }

PyTypeObject* tracer_type() {
  if (type_object != nullptr) return type_object;
  static PyMethodDef methods[] = {
      {"trace", py::method<py_trace>, METH_FASTCALL | METH_KEYWORDS,
       "trace($self, name, service=None, resource=None, span_type=None, span_api='datadog')\n--\n\n"
       "Starts and activates a child of what is active."},
      {"start_span", py::method<py_start_span>, METH_FASTCALL | METH_KEYWORDS,
       "start_span($self, name, child_of=None, service=None, resource=None, span_type=None, "
       "activate=False, span_api='datadog')\n--\n\nStarts a span under an explicit parent."},
      {"current_span", py_current_span, METH_NOARGS,
       "current_span($self)\n--\n\nThe active span, or None."},
      {"current_root_span", py_current_root, METH_NOARGS,
       "current_root_span($self)\n--\n\nThe local root of the active span."},
      {"current_trace_context", py::method<py_current_context>, METH_VARARGS | METH_KEYWORDS,
       "current_trace_context($self, *args, **kwargs)\n--\n\nThe context of what is active, or "
       "None."},
      {"_activate", py_activate, METH_O, nullptr},
      {"set_tags", named<"tags", py_set_tags>, kNamed,
       "set_tags($self, tags)\n--\n\nTags for every later span."},
      {"sample", named<"span", py_sample>, kNamed,
       "sample($self, span)\n--\n\nDecides about its trace now."},
      {"flush", py_flush, METH_NOARGS, "flush($self)\n--\n\nSends what is waiting."},
      {}};
  static PyGetSetDef fields[] = {
      {"enabled", get_enabled, set_enabled, "Whether finished spans are sent.", nullptr},
      {"_is_second", get_second, set_second, "Whether it is told of its spans.", nullptr},
      {}};
  static PyType_Slot slots[] = {{Py_tp_methods, methods}, {Py_tp_getset, fields}, {0, nullptr}};
  static PyType_Spec spec = {"ddtrace._native.TracerBase", sizeof(TracerObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  type_object = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return type_object;
}

}  // namespace dd::tracing
