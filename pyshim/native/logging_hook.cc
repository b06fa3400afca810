#include "pyshim/native/logging_hook.h"

#include <Python.h>

#include "core/py/imports/import_hook.h"
#include "core/py/ref.h"

namespace dd::pyshim {
namespace {

// Without the package its loggers have nothing to say.
void configure(py::Handle, const void*) {
  if (!py::imported("ddtrace")) return;
  const py::Ref module = py::Ref::steal(PyImport_ImportModule("ddtrace._logger"));
  if (module) (void)module.attr("configure_ddtrace_logger").call();
  py::swallow_error();
}

constexpr py::ModuleHook kLoggingHooks[] = {{"logging", &configure}};

}  // namespace

void watch_logging() { py::import_hook::add(kLoggingHooks); }

}  // namespace dd::pyshim
