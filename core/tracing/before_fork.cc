#include "core/tracing/before_fork.h"

#include "core/py/error.h"
#include "core/py/ref.h"
#include "core/trace/segment.h"
#include "core/tracing/activation.h"
#include "core/tracing/processors.h"
#include "core/tracing/span_object.h"

namespace dd::tracing {
namespace {

using py::Ref;

bool is_open(trace::Segment& segment) {
  const base::MutexLock lock(segment.mutex);
  return !segment.priority;
}

PyObject* decide_active(PyObject*, PyObject*) {
  const py::ErrorKeep keep;
  const Ref active = active_object();
  py::swallow_error();
  if (is_span(active))
    if (trace::Span& root = *as_span(active)->root->span; !root.sealed() && is_open(*root.segment))
      decide_trace(*root.segment, root);
  py::swallow_error();
  return py::none().release();
}

}  // namespace

void decide_before_forks() {
  static PyMethodDef definition = {"decide_before_fork", decide_active, METH_NOARGS, nullptr};
  const py::ErrorKeep keep;
  const Ref posix = Ref::steal(PyImport_ImportModule("posix"));
  const Ref add = posix.attr("register_at_fork");
  const Ref function = Ref::steal(PyCFunction_New(&definition, nullptr));
  const Ref arguments = Ref::steal(PyTuple_New(0)), names = py::dict();
  if (add && function && arguments && names && names.set_item("before", function))
    (void)Ref::steal(PyObject_Call(add.ptr(), arguments.ptr(), names.ptr()));
  py::swallow_error();
}

}  // namespace dd::tracing
