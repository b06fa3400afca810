// Objects that stand for what a hook follows and are not CPython's own generators: they forward
// everything and say they are of the same class.

#include <utility>

#include "core/py/error.h"
#include "core/py/following.h"

namespace dd::py {
namespace {

struct Follower {
  PyObject_HEAD PyObject* inner;  // what the application's function returned
  PyObject* iterator;             // its iterator, once asked for
  Following* chain;               // null once the end has been told
};

constinit PyTypeObject follower_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

Follower& of(PyObject* self) { return *reinterpret_cast<Follower*>(self); }

PyObject* end(Follower& self, PyObject* result) {
  return tell_end(std::exchange(self.chain, nullptr), result);
}

PyObject* told(Follower& self, PyObject* item) {
  if (self.chain == nullptr) return item;
  if (item != nullptr) {
    if (!tell_item(self.chain, item)) Py_CLEAR(item);
    return item;
  }
  if (PyErr_Occurred() == nullptr || PyErr_ExceptionMatches(PyExc_StopIteration)) {
    ErrorKeep keep;
    PyObject* result = end(self, Py_NewRef(Py_None));
    Py_XDECREF(result);
    if (result == nullptr) keep.supersede(take_exception());
    return nullptr;
  }
  return end(self, nullptr);
}

PyObject* iterate(PyObject* object) {
  Follower& self = of(object);
  PyObject* fresh = PyObject_GetIter(self.inner);
  if (fresh == nullptr) return end(self, nullptr);
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
  if (result == nullptr) return end(self, nullptr);
  (void)end(self, nullptr);
  if (PyErr_Occurred() != nullptr) Py_CLEAR(result);
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
  }
  tell_abandoned(std::exchange(self.chain, nullptr));
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

Ref follow_by_stand_in(Handle result, Kind kind, const Wish& wish, Scope& scope) {
  if (kind != Kind::kIterator || !ready()) return {};
  const PyTypeObject* type = Py_TYPE(result.ptr());
  if (type->tp_iter == nullptr && !PySequence_Check(result.ptr())) return {};
  Follower* made = PyObject_GC_New(Follower, &follower_type);
  if (made == nullptr) {
    PyErr_Clear();
    return {};
  }
  made->chain = make_following(wish, scope);
  made->inner = Py_NewRef(result.ptr());
  made->iterator = nullptr;
  PyObject_GC_Track(made);
  return Ref::steal(reinterpret_cast<PyObject*>(made));
}

}  // namespace dd::py
