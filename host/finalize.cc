// CPython's call of Py_FinalizeEx, taken at link time: the last moment at which Python can be
// asked.

#include <Python.h>

#include "host/crash_setup.h"
#include "host/sinks.h"
#include "host/telemetry_setup.h"

extern "C" {
int __real_Py_FinalizeEx();
int __wrap_Py_FinalizeEx();
}

int __wrap_Py_FinalizeEx() {
  if (Py_IsInitialized() && PyGILState_Check()) {
    if (dd::host::will_speak()) dd::host::tell_modules();
    dd::host::report_uncaught_exception();
  }
  return __real_Py_FinalizeEx();
}
