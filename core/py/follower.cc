#include "core/py/follower.h"

#include <new>
#include <utility>

#include "core/py/engine.h"
#include "core/py/error.h"

namespace dd::py {
namespace {

struct Follower {
  PyObject_HEAD PyObject* inner;  // what the application's function returned
  PyObject* iterator;             // its iterator, once asked for
  const Watch* watch;             // null once the end has been told
  const void* data;
  Scope scope;
};

constinit PyTypeObject follower_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

Follower& of(PyObject* self) { return *reinterpret_cast<Follower*>(self); }

// Runs code of ours. An interrupt is the pending error afterwards, and then the answer is false.
template <class Fn>
bool guarded(Fn&& fn) {
  try {
    fn();
  } catch (...) {
    count_fault();
  }
  if (PyErr_Occurred() == nullptr && !interrupt_kept()) return true;
  const PhaseEnd end = end_phase();
  if (end == PhaseEnd::kFaulty) count_fault();
  return end != PhaseEnd::kInterrupt;
}

// Tells the end, once. No error may be pending.
bool tell_end(Follower& self, Handle result, Handle error) {
  const Watch* watch = std::exchange(self.watch, nullptr);
  if (watch == nullptr) return true;
  return guarded([&] {
    if (watch->end != nullptr) {
      Outcome outcome(result, error, self.data);
      watch->end(outcome, self.scope);
    }
    self.scope.reset();
  });
}

// An error is pending: tells it and leaves it pending.
void tell_error(Follower& self) {
  if (self.watch == nullptr) return;
  ErrorKeep keep;
  if (!tell_end(self, nullptr, keep.instance())) keep.supersede(take_exception());
}

PyObject* told(Follower& self, PyObject* item) {
  if (item != nullptr) {
    if (self.watch == nullptr || self.watch->item == nullptr) return item;
    if (!guarded([&] { self.watch->item(item, self.scope); })) Py_CLEAR(item);
    return item;
  }
  if (PyErr_Occurred() == nullptr || PyErr_ExceptionMatches(PyExc_StopIteration)) {
    ErrorKeep keep;
    if (!tell_end(self, Py_None, nullptr)) keep.supersede(take_exception());
  } else {
    tell_error(self);
  }
  return nullptr;
}

PyObject* iterate(PyObject* object) {
  Follower& self = of(object);
  PyObject* fresh = PyObject_GetIter(self.inner);
  if (fresh == nullptr) {
    tell_error(self);
    return nullptr;
  }
  Py_XSETREF(self.iterator, fresh);
  return Py_NewRef(object);
}

PyObject* next(PyObject* object) {
  Follower& self = of(object);
  if (self.iterator == nullptr) {
    self.iterator = PyObject_GetIter(self.inner);
    if (self.iterator == nullptr) return told(self, nullptr);
  }
  const Ref iterator = Ref::borrow(self.iterator);
  return told(self, Py_TYPE(iterator.ptr())->tp_iternext(iterator.ptr()));
}

PyObject* call_inner(Follower& self, const char* name, PyObject* const* args, Py_ssize_t count) {
  const Ref method = Ref::steal(PyObject_GetAttrString(self.inner, name));
  if (!method) return nullptr;
  return PyObject_Vectorcall(method.ptr(), args, static_cast<std::size_t>(count), nullptr);
}

PyObject* send(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  return told(of(object), call_inner(of(object), "send", args, count));
}
PyObject* throw_in(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  return told(of(object), call_inner(of(object), "throw", args, count));
}
PyObject* close(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  Follower& self = of(object);
  PyObject* result = call_inner(self, "close", args, count);
  if (result == nullptr)
    tell_error(self);
  else if (!tell_end(self, nullptr, nullptr))
    Py_CLEAR(result);
  return result;
}

// Ours is found only where the result has one too.
PyObject* get_attribute(PyObject* object, PyObject* name) {
  PyObject* theirs = PyObject_GetAttr(of(object).inner, name);
  if (theirs == nullptr) return nullptr;
  for (const char* ours : {"__iter__", "__next__", "send", "throw", "close"}) {
    if (PyUnicode_CompareWithASCIIString(name, ours) != 0) continue;
    Py_DECREF(theirs);
    return PyObject_GenericGetAttr(object, name);
  }
  return theirs;
}
int set_attribute(PyObject* object, PyObject* name, PyObject* value) {
  return PyObject_SetAttr(of(object).inner, name, value);
}
PyObject* repr(PyObject* object) { return PyObject_Repr(of(object).inner); }
PyObject* text(PyObject* object) { return PyObject_Str(of(object).inner); }
Py_ssize_t length(PyObject* object) { return PyObject_Size(of(object).inner); }
PyObject* item(PyObject* object, PyObject* key) { return PyObject_GetItem(of(object).inner, key); }
int truth(PyObject* object) { return PyObject_IsTrue(of(object).inner); }

int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(of(object).inner);
  Py_VISIT(of(object).iterator);
  return 0;
}
// Only the iterator: a half-cleared follower still answers for its result.
int clear(PyObject* object) {
  Py_CLEAR(of(object).iterator);
  return 0;
}
void deallocate(PyObject* object) {
  Follower& self = of(object);
  PyObject_GC_UnTrack(object);
  {
    const ErrorKeep keep;
    Py_CLEAR(self.iterator);
    Py_CLEAR(self.inner);  // a generator runs its `finally` blocks now, before the end is told
    if (!tell_end(self, nullptr, nullptr)) PyErr_WriteUnraisable(nullptr);
  }
  self.scope.~Scope();
  PyObject_GC_Del(object);
}

// The functions are filled in by ready(): the cast is not a constant expression.
constinit PyMethodDef methods[] = {{"send", nullptr, METH_FASTCALL, nullptr},
                                   {"throw", nullptr, METH_FASTCALL, nullptr},
                                   {"close", nullptr, METH_FASTCALL, nullptr},
                                   {nullptr, nullptr, 0, nullptr}};
constinit PyMappingMethods mapping = {length, item, nullptr};
constinit PyNumberMethods numbers = {};

bool ready() {
  if (follower_type.tp_dict != nullptr) return true;
  numbers.nb_bool = truth;
  methods[0].ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(send));
  methods[1].ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(throw_in));
  methods[2].ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(close));
  follower_type.tp_name = "iterator";
  follower_type.tp_basicsize = sizeof(Follower);
  follower_type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC;
  follower_type.tp_dealloc = deallocate;
  follower_type.tp_traverse = traverse;
  follower_type.tp_clear = clear;
  follower_type.tp_getattro = get_attribute;
  follower_type.tp_setattro = set_attribute;
  follower_type.tp_repr = repr;
  follower_type.tp_str = text;
  follower_type.tp_iter = iterate;
  follower_type.tp_iternext = next;
  follower_type.tp_methods = methods;
  follower_type.tp_as_mapping = &mapping;
  follower_type.tp_as_number = &numbers;
  if (PyType_Ready(&follower_type) == 0) return true;
  PyErr_Clear();
  return false;
}

}  // namespace

Ref follow_iterator(Handle result, const Watch& watch, Scope& scope, const void* data) {
  if (!result || !ready()) return {};
  const PyTypeObject* type = Py_TYPE(result.ptr());
  if (type->tp_iter == nullptr && !PySequence_Check(result.ptr())) return {};
  Follower* made = PyObject_GC_New(Follower, &follower_type);
  if (made == nullptr) {
    PyErr_Clear();
    return {};
  }
  made->inner = Py_NewRef(result.ptr());
  made->iterator = nullptr;
  made->watch = &watch;
  made->data = data;
  new (&made->scope) Scope(static_cast<Scope&&>(scope));
  PyObject_GC_Track(made);
  return Ref::steal(reinterpret_cast<PyObject*>(made));
}

}  // namespace dd::py
