#include "core/py/error.h"

#include "core/py/fault.h"
#include "core/py/gil.h"

namespace dd::py {
namespace {

// One interrupt of this thread that waits for the end of the phase. A later one replaces it, as a
// second KeyboardInterrupt would have replaced the first.
constinit thread_local PyObject* kept = nullptr;

void keep(Ref exception) { Py_XSETREF(kept, exception.release()); }

}  // namespace

void ErrorKeep::supersede(Ref exception) {
  if (!exception) return;
  if (PyObject* old = compat::error_instance(error_); old != nullptr && !exception.is(old))
    PyException_SetContext(exception.ptr(), Py_NewRef(old));
  compat::drop_error(error_);
  raise(static_cast<Ref&&>(exception));
  error_ = compat::take_error();
}

Ref take_interrupt() { return Ref::steal(std::exchange(kept, nullptr)); }

bool interrupt_kept() { return kept != nullptr; }

void raise(Ref exception) {
  PyObject* type = reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr()));
  PyObject* traceback = PyException_GetTraceback(exception.ptr());
  PyErr_Restore(Py_NewRef(type), exception.release(), traceback);
}

Ref take_exception() {
  compat::PendingError error = compat::take_error();
  Ref instance = Ref::borrow(compat::error_instance(error));
  compat::drop_error(error);
  return instance;
}

void swallow_error() {
  if (PyErr_Occurred() == nullptr) return;
  if (PyErr_ExceptionMatches(PyExc_Exception)) {
    PyErr_Clear();
    return;
  }
  keep(take_exception());
}

PhaseEnd end_phase() {
  PhaseEnd end = PhaseEnd::kClean;
  if (PyErr_Occurred() != nullptr) {
    if (PyErr_ExceptionMatches(PyExc_Exception)) end = PhaseEnd::kFaulty;
    swallow_error();
  }
  if (Ref interrupt = take_interrupt()) {
    raise(static_cast<Ref&&>(interrupt));
    end = PhaseEnd::kInterrupt;
  }
  return end;
}

bool interpreter_alive() { return Py_IsInitialized() != 0 && !compat::is_finalizing(); }

}  // namespace dd::py
