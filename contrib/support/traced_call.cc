#include "contrib/support/traced_call.h"

#include "core/py/error.h"
#include "core/trace/tags.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

using py::Handle;
using py::Ref;

thread_local int depth = 0;

enum Place : Py_ssize_t { kFunction, kSpanName, kResource, kComponent };

PyObject* call_inside_span(PyObject* self, PyObject* const* args, Py_ssize_t count,
                           PyObject* kwnames) {
  const Handle function = PyTuple_GET_ITEM(self, kFunction);
  const Handle name = PyTuple_GET_ITEM(self, kSpanName);
  const Handle resource = PyTuple_GET_ITEM(self, kResource);
  const Handle component = PyTuple_GET_ITEM(self, kComponent);
  const tracing::LiveSpan span = tracing::LiveSpan::start(
      {.name = name.utf8(), .resource = resource.is_str() ? resource.utf8() : std::string_view()});
  if (span) span.span().set(trace::tags::kComponent, component.utf8());
  ++depth;
  PyObject* result =
      PyObject_Vectorcall(function.ptr(), args, static_cast<std::size_t>(count), kwnames);
  --depth;
  if (!span) return result;
  if (result) {
    span.finish();
    return result;
  }
  py::ErrorKeep error;
  span.fail(error.instance());
  span.finish();
  return nullptr;
}

}  // namespace

Ref traced_call(Handle function, const TracedCall& what) {
  const Ref name = py::str(what.name), component = py::str(what.component);
  const Ref resource = what.resource.data() ? py::str(what.resource) : py::none();
  const Handle parts[] = {function, name, resource, component};
  const Ref self = py::tuple(parts);
  if (!self) return {};
  static PyMethodDef definition = {
      "traced_call", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&call_inside_span)),
      METH_FASTCALL | METH_KEYWORDS, nullptr};
  return Ref::steal(PyCFunction_New(&definition, self.ptr()));
}

int traced_call_depth() { return depth; }

}  // namespace dd::contrib
