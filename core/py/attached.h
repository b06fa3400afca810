// C++ state of a Python object that is not ours, without the object knowing: a table on the side,
// keyed by identity. The state goes when the object does.
//
//   constinit Attached<Connection> connections;
//
//   connections.attach(outcome.result, Connection{...});
//   if (Connection* connection = connections.find(call.self())) ...
//
// The application could see one weak reference more in weakref.getweakrefs(). Objects that cannot
// be weakly referenced cannot have any: attach() answers null. find() costs some 10 ns.
//
// All of it needs the GIL and raises nothing. State is destroyed with the GIL held, at a moment
// that may be inside any code of the application: a destructor must do little.

#pragma once

#include <utility>

#include "core/py/ref.h"

namespace dd::py {

class AttachedBase {
 public:
  constexpr AttachedBase() = default;
  AttachedBase(const AttachedBase&) = delete;
  AttachedBase& operator=(const AttachedBase&) = delete;

  void detach(Handle object);
  std::size_t size() const;

 protected:
  void* find_state(Handle object) const;
  // Takes over `state`, also when it answers false; an older one is dropped.
  bool put_state(Handle object, void* state, void (*drop)(void*));

 private:
  struct Table;
  static PyObject* object_died(PyObject* capsule, PyObject* weak);
  Table* table();

  Table* table_ = nullptr;  // for the life of the process
};

template <class T>
class Attached : public AttachedBase {
 public:
  T* find(Handle object) const { return static_cast<T*>(find_state(object)); }
  T* attach(Handle object, T value) {
    T* made = new T(std::move(value));
    return put_state(object, made, [](void* state) { delete static_cast<T*>(state); }) ? made
                                                                                       : nullptr;
  }
};

}  // namespace dd::py
