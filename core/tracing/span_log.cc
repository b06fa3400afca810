#include "core/tracing/span_log.h"

#include "core/py/error.h"

namespace dd::tracing {

void tell_log(const char* report, py::Handle name, py::Handle value) {
  const py::ErrorKeep keep;
  const py::Ref module = py::Ref::steal(PyImport_ImportModule("ddtrace._trace._reports"));
  if (!module ||
      !py::Ref::steal(PyObject_CallMethod(module.ptr(), report, "OO", name.ptr(), value.ptr())))
    py::swallow_error();
}

}  // namespace dd::tracing
