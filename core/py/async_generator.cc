// Asynchronous generators: what asend() and the like return drives the generator from C, so that is
// wrapped, and the generator is what CPython made while it is driven.

#include "core/py/error.h"
#include "core/py/generator.h"

namespace dd::py {
namespace {

constinit PyTypeObject step_type = {PyVarObject_HEAD_INIT(nullptr, 0)};
constinit Name kStepSendOf("send"), kStepThrowOf("throw"), kStepCloseOf("close"), kAsend("asend"),
    kAthrow("athrow"), kAclose("aclose");

struct Step {
  PyObject_HEAD
  PyObject* owner;
  PyObject* inner;
  bool closes;
};
Step& step_of(PyObject* self) { return *reinterpret_cast<Step*>(self); }

PyObject* make_step(PyObject* owner, PyObject* inner, bool closes) {
  if (inner == nullptr) return nullptr;
  Step* made = PyObject_GC_New(Step, &step_type);
  if (made == nullptr) {
    Py_DECREF(inner);
    return nullptr;
  }
  made->owner = Py_NewRef(owner);
  made->inner = inner;
  made->closes = closes;
  PyObject_GC_Track(made);
  return reinterpret_cast<PyObject*>(made);
}

// Runs `drive` on the inner awaitable while the generator is what CPython made, and tells.
template <class Drive>
PySendResult drive_step(PyObject* self, PyObject** out, Drive&& drive) {
  const Step& step = step_of(self);
  const Ref owner = Ref::borrow(step.owner), inner = Ref::borrow(step.inner);
  if (!is_followed(owner.ptr())) return drive(inner.ptr(), out);
  Plain plain(owner.ptr());
  if (!plain.begin()) {
    *out = nullptr;
    return PYGEN_ERROR;
  }
  const PySendResult sent = drive(inner.ptr(), out);
  if (is_over(owner.ptr())) {
    Following* chain = plain.let_go();
    if (sent == PYGEN_RETURN) {  // aclose() is done
      (void)tell_end(chain, nullptr);
      if (PyErr_Occurred() == nullptr) return sent;
      Py_CLEAR(*out);
    } else if (PyErr_ExceptionMatches(PyExc_StopAsyncIteration)) {
      ErrorKeep keep;
      if (PyObject* result = tell_end(chain, Py_NewRef(Py_None)))
        Py_DECREF(result);
      else
        keep.supersede(take_exception());
    } else {
      (void)tell_end(chain, nullptr);
    }
    return PYGEN_ERROR;
  }
  if (sent == PYGEN_RETURN && !step.closes && !tell_item(plain.chain(), *out)) {
    Py_CLEAR(*out);
    return PYGEN_ERROR;
  }
  return sent;
}

PySendResult step_send(PyObject* self, PyObject* value, PyObject** out) {
  return drive_step(self, out, [value](PyObject* inner, PyObject** result) {
    return send_to(inner, value, result);
  });
}
PyObject* step_next(PyObject* self) {
  PyObject* out = nullptr;
  const PySendResult sent = step_send(self, Py_None, &out);
  return sent == PYGEN_RETURN ? stop_with(out) : out;
}
PyObject* step_send_method(PyObject* self, PyObject* value) {
  PyObject* out = nullptr;
  const PySendResult sent = drive_step(self, &out, [value](PyObject* inner, PyObject** result) {
    *result = call_method(inner, kStepSendOf, &value, 1);
    if (*result != nullptr) return PYGEN_NEXT;
    *result = stop_value();
    return *result != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
  });
  return sent == PYGEN_RETURN ? raised_stop(out) : out;
}
PyObject* step_throw(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  PyObject* out = nullptr;
  const PySendResult sent = drive_step(self, &out, [=](PyObject* inner, PyObject** result) {
    *result = call_method(inner, kStepThrowOf, args, count);
    if (*result != nullptr) return PYGEN_NEXT;
    *result = stop_value();
    return *result != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
  });
  return sent == PYGEN_RETURN ? raised_stop(out) : out;
}
PyObject* step_close(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  PyObject* out = nullptr;
  bool ended = false;
  const Ref inner = Ref::borrow(step_of(self).inner), owner = Ref::borrow(step_of(self).owner);
  if (!is_followed(owner.ptr())) return call_method(inner.ptr(), kStepCloseOf, args, count);
  Plain plain(owner.ptr());
  out = call_method(inner.ptr(), kStepCloseOf, args, count);
  ended = is_over(owner.ptr());
  if (!ended) return out;
  (void)tell_end(plain.let_go(), nullptr);
  if (PyErr_Occurred() != nullptr) Py_CLEAR(out);
  return out;
}
int step_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(step_of(self).owner);
  Py_VISIT(step_of(self).inner);
  return 0;
}
void step_deallocate(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Py_CLEAR(step_of(self).inner);
  Py_CLEAR(step_of(self).owner);
  PyObject_GC_Del(self);
}

PyObject* async_next(PyObject* self) {
  PyObject* inner = nullptr;
  {
    const Plain plain(self);
    inner = plain.type()->tp_as_async->am_anext(self);
  }
  return make_step(self, inner, false);
}
PyObject* async_call(PyObject* self, const Name& name, PyObject* const* args, Py_ssize_t count,
                     bool closes) {
  if (!is_followed(self)) return call_method(self, name, args, count);
  PyObject* inner = nullptr;
  {
    const Plain plain(self);
    inner = call_plain(plain, name, self, args, count);
  }
  return make_step(self, inner, closes);
}
PyObject* async_send(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  return async_call(self, kAsend, args, count, false);
}
PyObject* async_throw(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  return async_call(self, kAthrow, args, count, false);
}
PyObject* async_close(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  return async_call(self, kAclose, args, count, true);
}

PyObject* await_async_step(PyObject* self) { return Py_NewRef(self); }

// The functions are filled in by prepare_async_steps(): the casts are not constant expressions.
constinit PyMethodDef async_methods[] = {{"asend", nullptr, METH_FASTCALL, nullptr},
                                         {"athrow", nullptr, METH_FASTCALL, nullptr},
                                         {"aclose", nullptr, METH_FASTCALL, nullptr},
                                         {nullptr, nullptr, 0, nullptr}};
constinit PyMethodDef step_methods[] = {{"send", step_send_method, METH_O, nullptr},
                                        {"throw", nullptr, METH_FASTCALL, nullptr},
                                        {"close", nullptr, METH_FASTCALL, nullptr},
                                        {nullptr, nullptr, 0, nullptr}};
constinit PyAsyncMethods async_generator_async = {nullptr, nullptr, async_next, nullptr};
constinit PyAsyncMethods step_async = {await_async_step, nullptr, nullptr, step_send};

}  // namespace

bool prepare_async_steps() {
  fill_fast(async_methods[0], async_send);
  fill_fast(async_methods[1], async_throw);
  fill_fast(async_methods[2], async_close);
  fill_fast(step_methods[1], step_throw);
  fill_fast(step_methods[2], step_close);
  step_type.tp_name = "async_generator_asend";
  step_type.tp_basicsize = sizeof(Step);
  step_type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION;
  step_type.tp_traverse = step_traverse;
  step_type.tp_dealloc = step_deallocate;
  step_type.tp_iter = PyObject_SelfIter;
  step_type.tp_iternext = step_next;
  step_type.tp_methods = step_methods;
  step_type.tp_as_async = &step_async;
  return PyType_Ready(&step_type) == 0;
}

PyMethodDef* async_generator_methods() { return async_methods; }
PyAsyncMethods* async_generator_slots() { return &async_generator_async; }

}  // namespace dd::py
