// The inside of following coroutines and generators in their own object: what generator.cc and
// async_generator.cc share.

#pragma once

#include <utility>

#include "core/py/compat/compat.h"
#include "core/py/following.h"

namespace dd::py {

// A method taken from a followed object may be called when it is not followed any more.
bool is_followed(PyObject* object);

// The chain is where CPython keeps something of its own, which the first of the chain holds.
inline Following* room_of(PyObject* self) {
  return reinterpret_cast<Following*>(compat::generator_room(self));
}

inline bool is_over(PyObject* self) { return compat::generator_state(self) > 0; }

// For its lifetime the object is what CPython made.
class Plain {
 public:
  explicit Plain(PyObject* self)
      : self_(self), type_(Py_TYPE(self)), room_(room_of(Py_NewRef(self))) {
    compat::generator_room(self) = room_->own;
    Py_SET_TYPE(self, type_->tp_base);
  }
  ~Plain() {
    if (room_ != nullptr) {
      room_->own = compat::generator_room(self_);
      compat::generator_room(self_) = reinterpret_cast<PyObject*>(room_);
      Py_SET_TYPE(self_, type_);
    }
    Py_DECREF(self_);
  }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;

  PyTypeObject* type() const { return type_->tp_base; }
  Following* chain() const { return room_; }
  bool begin() {
    if (room_->all_begun) [[likely]]
      return true;
    room_->all_begun = room_->started = true;
    return tell_begin(room_);
  }
  // It stays what CPython made.
  Following* let_go() { return std::exchange(room_, nullptr); }

 private:
  PyObject* const self_;
  PyTypeObject* const type_;
  Following* room_;
};

// A method of the type that CPython made, for this object.
PyObject* call_plain(const Plain& plain, const Name& name, PyObject* self, PyObject* const* args,
                     Py_ssize_t count);
PyObject* call_method(PyObject* object, const Name& name, PyObject* const* args, Py_ssize_t count);
// Raises StopIteration with the value, which it takes over. Null.
PyObject* raised_stop(PyObject* result);

using FastMethod = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);
inline void fill_fast(PyMethodDef& method, FastMethod function) {
  method.ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function));
}

// Of the type of a followed asynchronous generator. prepare_async_steps() first.
bool prepare_async_steps();
PyMethodDef* async_generator_methods();
PyAsyncMethods* async_generator_slots();

}  // namespace dd::py
