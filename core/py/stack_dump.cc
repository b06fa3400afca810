#include "core/py/stack_dump.h"

#include <Python.h>
#include <unistd.h>

#include <cstring>

// CPython's own, made for faulthandler; not in its public headers.
extern "C" const char* _Py_DumpTracebackThreads(int file, PyInterpreterState* interpreter,
                                                PyThreadState* current);

namespace dd::py {

void dump_stacks(int file) {
  if (!Py_IsInitialized()) return;
  const char* const problem =
      _Py_DumpTracebackThreads(file, nullptr, PyGILState_GetThisThreadState());
  if (problem != nullptr) (void)!write(file, problem, std::strlen(problem));
}

}  // namespace dd::py
