#include "host/interpreter.h"

#include <Python.h>

#include <string_view>

#include "host/shutdown.h"

namespace dd::host {
namespace {

using Callback = void (*)();
using ModuleInit = PyObject* (*)();

constinit Callback at_site = nullptr;
constinit ModuleInit real_stat_init = nullptr;

PyObject* init_stat() {
  if (PySys_GetObject("meta_path") != nullptr) at_site();
  return real_stat_init();
}

// There is no documented moment between the import system and `site`. But `site` begins with
// importing `os`, which imports the built-in `_stat`; nothing before it does.
void watch_site(Callback callback) {
  for (_inittab* row = PyImport_Inittab; row->name != nullptr; ++row) {
    if (std::string_view(row->name) != "_stat" || row->initfunc == nullptr) continue;
    at_site = callback;
    real_stat_init = row->initfunc;
    row->initfunc = init_stat;
    return;
  }
}

}  // namespace

int run_interpreter(const Interpreter& interpreter) {
  if (interpreter.before_site != nullptr) watch_site(interpreter.before_site);
  PyPreConfig preconfig;
  PyPreConfig_InitPythonConfig(&preconfig);
  PyStatus status = Py_PreInitializeFromBytesArgs(&preconfig, interpreter.argc, interpreter.argv);
  if (PyStatus_Exception(status)) Py_ExitStatusException(status);
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  status = PyConfig_SetBytesArgv(&config, interpreter.argc, interpreter.argv);
  if (!PyStatus_Exception(status))
    status = PyConfig_SetBytesString(&config, &config.program_name, interpreter.program);
  if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) Py_ExitStatusException(status);
  watch_finalization();
  if (interpreter.ready != nullptr) interpreter.ready();
  return Py_RunMain();
}

}  // namespace dd::host
