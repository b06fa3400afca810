#include "core/py/later.h"

#include <Python.h>

#include "core/base/mutex.h"
#include "core/py/gil.h"
#include "core/py/ref.h"

namespace dd::py {
namespace {

constexpr const char* kKey = "ddpython.later";

// Held while CPython is asked, so that the interpreter cannot end meanwhile.
constinit base::Mutex mutex;
constinit bool allowed DD_GUARDED_BY(mutex) = false;

// The interpreter clears its dictionary while it still takes calls.
void interpreter_ends(PyObject*) {
  const base::MutexLock lock(mutex);
  allowed = false;
}

}  // namespace

void allow_later_calls() {
  PyObject* const dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
  const Ref end = Ref::steal(PyCapsule_New(&mutex, kKey, &interpreter_ends));
  if (dict == nullptr || !end || !Handle(dict).set_item(kKey, end)) {
    PyErr_Clear();
    return;
  }
  const base::MutexLock lock(mutex);
  allowed = true;
}

bool call_later(void (*what)()) {
  const base::MutexLock lock(mutex);
  if (!allowed) return false;
  // What is queued when the interpreter ends is still called, while its modules are gone.
  const auto call = [](void* function) {
    if (interpreter_alive()) reinterpret_cast<void (*)()>(function)();
    return 0;
  };
  return Py_AddPendingCall(call, reinterpret_cast<void*>(what)) == 0;
}

}  // namespace dd::py
