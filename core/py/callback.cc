#include "core/py/callback.h"

#include "core/py/engine.h"
#include "core/py/method.h"

namespace dd::py {
namespace {

struct Callback {
  ErasedCallback run;
  void (*function)();
  Ref box;
  void* value;
};

PyObject* call_back(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* kwnames) {
  const Callback* callback = unboxed<Callback>(self);
  if (callback != nullptr) {
    const Ref held = Ref::borrow(self);
    Call call(args, static_cast<std::size_t>(count), kwnames, false, nullptr);
    const char* what = guarded([&] { callback->run(call, callback->value, callback->function); });
    if (settle(nullptr, "callback", what) == PhaseEnd::kInterrupt) return nullptr;
  }
  return Py_NewRef(Py_None);
}

}  // namespace

Ref make_callback(ErasedCallback run, void (*function)(), Ref box_of_value, void* value) {
  static PyMethodDef definition = {"callback", py::method<call_back>, METH_FASTCALL | METH_KEYWORDS,
                                   nullptr};
  const Ref held = box(Callback{run, function, static_cast<Ref&&>(box_of_value), value});
  if (!held) return {};
  Ref made = Ref::steal(PyCFunction_New(&definition, held.ptr()));
  if (!made) PyErr_Clear();
  return made;
}

}  // namespace dd::py
