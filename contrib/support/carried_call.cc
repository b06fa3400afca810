#include "contrib/support/carried_call.h"

#include "contrib/support/terms.h"
#include "core/py/error.h"
#include "core/py/method.h"
#include "core/tracing/live_span.h"
#include "core/tracing/span_object.h"

namespace dd::contrib {
namespace {

// (function, Context)
PyObject* call_in_trace(PyObject* self, PyObject* const* args, Py_ssize_t count,
                        PyObject* kwnames) {
  const Ref before = tracing::active();
  tracing::activate(PyTuple_GET_ITEM(self, 1));
  PyObject* result = PyObject_Vectorcall(PyTuple_GET_ITEM(self, 0), args,
                                         static_cast<std::size_t>(count), kwnames);
  tracing::activate(before);  // keeps an error that is pending
  return result;
}

}  // namespace

Ref carried_call(Handle function) {
  if (!function.is_callable()) return {};
  const Ref active = tracing::active();
  if (!active) return {};
  const Handle context =
      tracing::is_span(active) ? tracing::context_of(tracing::as_span(active)) : Handle(active);
  const Handle parts[] = {function, context};
  const Ref self = py::tuple(parts);
  if (!context || !self) return {};
  static PyMethodDef carried_definition = {"carried_call", py::method<call_in_trace>,
                                           METH_FASTCALL | METH_KEYWORDS, nullptr};
  return Ref::steal(PyCFunction_New(&carried_definition, self.ptr()));
}

}  // namespace dd::contrib
