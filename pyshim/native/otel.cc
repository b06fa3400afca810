#include "pyshim/native/otel.h"

#include "core/config/core_settings.h"
#include "core/py/imports/import_hook.h"
#include "core/py/ref.h"

namespace dd::pyshim {
namespace {

void enable(py::Handle, const void*) {
  const py::Ref module = py::Ref::steal(PyImport_ImportModule("ddtrace.internal.opentelemetry"));
  if (module) (void)module.attr("enable").call();
  py::swallow_error();
}

void call(const char* name) {
  const py::Ref module =
      py::Ref::steal(PyImport_ImportModule("ddtrace.internal.opentelemetry.export"));
  if (module) (void)py::Ref::steal(PyObject_CallMethod(module.ptr(), name, nullptr));
  py::swallow_error();
}

constexpr py::ModuleHook kHooks[] = {{"opentelemetry.trace", &enable}};

}  // namespace

void watch_opentelemetry() {
  if (config::otel_enabled.get()) py::import_hook::add(kHooks);
  // The SDK is imported before the program: records of Python's logging are exported whether or not
  // it knows OpenTelemetry, and no import of it is under way.
  if (config::product_wanted("METRICS_OTEL")) call("export_metrics");
  if (config::product_wanted("LOGS_OTEL")) call("export_logs");
}

}  // namespace dd::pyshim
