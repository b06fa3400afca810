#include "pyshim/native/otel.h"

#include "core/config/core_settings.h"
#include "core/py/imports/import_hook.h"
#include "core/py/ref.h"

namespace dd::pyshim {
namespace {

void enable(py::Handle, const void*) {
  const py::Ref module =
      py::Ref::steal(PyImport_ImportModule("ddtrace.internal.opentelemetry"));
  if (module) (void)module.attr("enable").call();
  py::swallow_error();
}

constexpr py::ModuleHook kHooks[] = {{"opentelemetry.trace", &enable}};

}  // namespace

void watch_opentelemetry() {
  if (config::otel_enabled.get()) py::import_hook::add(kHooks);
}

}  // namespace dd::pyshim
