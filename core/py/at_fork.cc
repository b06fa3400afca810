#include "core/py/at_fork.h"

#include <Python.h>

#include "core/py/error.h"
#include "core/py/ref.h"

namespace dd::py {
namespace {

PyObject* call_it(PyObject* capsule, PyObject*) {
  const ErrorKeep keep;
  if (void* const what = PyCapsule_GetPointer(capsule, nullptr))
    reinterpret_cast<void (*)()>(what)();
  swallow_error();
  return none().release();
}

}  // namespace

void call_at_fork(AtFork when, void (*what)()) {
  static PyMethodDef definition = {"at_fork", call_it, METH_NOARGS, nullptr};
  const ErrorKeep keep;
  const Ref posix = Ref::steal(PyImport_ImportModule("posix"));
  const Ref add = posix.attr("register_at_fork");
  const Ref capsule = Ref::steal(PyCapsule_New(reinterpret_cast<void*>(what), nullptr, nullptr));
  const Ref function = Ref::steal(PyCFunction_New(&definition, capsule.ptr()));
  const Ref arguments = Ref::steal(PyTuple_New(0)), names = dict();
  const char* const name = when == AtFork::kBefore ? "before" : "after_in_child";
  if (add && capsule && function && arguments && names && names.set_item(name, function))
    (void)Ref::steal(PyObject_Call(add.ptr(), arguments.ptr(), names.ptr()));
  swallow_error();
}

}  // namespace dd::py
