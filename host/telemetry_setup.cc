#include "host/telemetry_setup.h"

#include <Python.h>

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/setting.h"
#include "core/product/product.h"
#include "core/py/later.h"
#include "core/py/ref.h"
#include "core/telemetry/telemetry.h"
#include "core/trace/tracer.h"
#include "core/transport/agent_sink.h"
#include "core/transport/worker.h"
#include "host/children/policy.h"
#include "host/emulated.h"
#include "host/exec_calls.h"
#include "host/products.h"
#include "host/python_version.h"

namespace dd::host {

namespace {

// Dictionaries only, so that no code of a module runs.
template <class F>
void each_module(PyObject* modules, F&& see) {
  PyObject *name = nullptr, *module = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(modules, &at, &name, &module)) {
    if (!PyUnicode_Check(name) || !PyModule_CheckExact(module)) continue;
    const py::Handle file(PyDict_GetItemString(PyModule_GetDict(module), "__file__"));
    see(py::Handle(name).utf8(), file && file.is_str() ? file.utf8() : std::string_view());
  }
}

}  // namespace

void tell_modules() {
  static Py_ssize_t known = 0;
  if (!telemetry::wants_modules()) return;
  PyObject* const modules = PyImport_GetModuleDict();
  const Py_ssize_t size = modules == nullptr ? 0 : PyDict_Size(modules);
  if (size <= 0 || size == known) return;
  known = size;
  std::set<std::string, std::less<>> without_file;  // namespace packages are among them
  each_module(modules, [&](std::string_view name, std::string_view file) {
    if (file.empty()) without_file.emplace(name);
  });
  std::vector<telemetry::Module> list;
  each_module(modules, [&](std::string_view name, std::string_view file) {
    const std::size_t dot = name.rfind('.');
    if (!file.empty() && (dot == name.npos || without_file.contains(name.substr(0, dot))))
      list.push_back({std::string(name), std::string(file)});
  });
  telemetry::modules(std::move(list));
}

namespace {

void look_at_modules() {
  if (telemetry::wants_modules()) (void)py::call_later(&tell_modules);
}

void tell_session() {
  tell_children(telemetry::root_session().c_str(), trace::Tracer::get().facts().runtime_id.c_str());
}

constinit product::Gate telemetry_gate;

Status start_telemetry() {
  const Status started = telemetry::start({
      .agent_url = transport::agent_sink::agent_url(),
      .tracer_version = DD_EMULATED_VERSION,
      .language_version = python_version(),
      .settings = {children::settings()},
      .build = {{"python_soabi", DD_SOABI},
                {"python_host_gnu_type", DD_HOST_GNU_TYPE},
                {"python_build_gnu_type", DD_BUILD_GNU_TYPE}},
      .before_heartbeat = &look_at_modules,
  });
  if (!started.ok()) return started;
  tell_session();
  telemetry::configuration("instrumentation_source", "cmd_line", "code");
  telemetry::configuration("llmobs_oneclick_supported", "false", "code");
  if (transport::Worker::get().running()) telemetry::begin();  // statistics have begun already
  return {};
}

}  // namespace

void begin_telemetry() {
  telemetry::begin();
  look_at_modules();
}

}  // namespace dd::host

constinit const dd::product::Product dd::products::telemetry = {
    .gate = &dd::host::telemetry_gate,
    .settings = &dd::telemetry::settings,
    .wanted =
        [] {
          return dd::product::Wanted{dd::telemetry::wanted(),
                                     "DD_INSTRUMENTATION_TELEMETRY_ENABLED"};
        },
    .start = &dd::host::start_telemetry,
    .failed = &dd::telemetry::give_up,
    .fork = {.child = &dd::host::tell_session},
};
