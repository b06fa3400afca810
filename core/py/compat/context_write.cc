#include "core/py/compat/context_write.h"

#include <cstdint>

namespace dd::py::compat {
namespace {

// As in CPython's pycore_context.h and hamt.c, 3.10 to 3.14.
struct Context {
  PyObject_HEAD
  PyObject* previous;
  PyObject* map;
};
struct Variable {
  PyObject_HEAD
  PyObject* name;
  PyObject* otherwise;
  PyObject* cached;  // borrowed
  std::uint64_t cached_thread, cached_version;
  Py_hash_t hash;
};
struct Map {
  PyObject_HEAD
  PyObject* root;
  PyObject* weak;
  Py_ssize_t count;
};
struct Node {  // up to sixteen pairs
  PyObject_VAR_HEAD std::uint32_t bits;
  PyObject* pairs[1];
};

constinit bool tried = false;
constinit PyTypeObject* map_type = nullptr;  // null: another layout
constinit PyTypeObject* node_type = nullptr;

template <class T>
T* as(PyObject* object) {
  return reinterpret_cast<T*>(object);
}

// Where two variables share the first bits of their hashes, a node of its own tells them apart.
PyObject** place_in(PyObject* node, PyObject* variable, int depth = 0) {
  if (Py_TYPE(node) != node_type || Py_REFCNT(node) != 1) return nullptr;
  PyObject** const pairs = as<Node>(node)->pairs;
  for (Py_ssize_t i = 0; i < Py_SIZE(node); i += 2) {
    if (pairs[i] == variable) return pairs + i + 1;
    if (pairs[i] == nullptr && depth < 6)
      if (PyObject** const found = place_in(pairs[i + 1], variable, depth + 1)) return found;
  }
  return nullptr;
}

PyObject** place_of(PyObject* context, PyObject* variable) {
  PyObject* const map = as<Context>(context)->map;
  if (map == nullptr || Py_TYPE(map) != map_type || Py_REFCNT(map) != 1) return nullptr;
  return place_in(as<Map>(map)->root, variable);
}

bool is_known(PyObject* context, PyObject* variable, PyObject* value) {
  const PyThreadState* const thread = PyThreadState_Get();
  if (thread->context != context) return false;
  if (Py_TYPE(context)->tp_basicsize < static_cast<Py_ssize_t>(sizeof(Context)) ||
      Py_TYPE(variable)->tp_basicsize != static_cast<Py_ssize_t>(sizeof(Variable)))
    return false;
  const auto* const read = as<Variable>(variable);
  if (read->cached != value || read->cached_thread != thread->id ||
      read->cached_version != thread->context_ver)
    return false;
  PyObject* const map = as<Context>(context)->map;
  if (map == nullptr || Py_TYPE(map)->tp_basicsize != static_cast<Py_ssize_t>(sizeof(Map)) ||
      as<Map>(map)->count != 1)
    return false;
  PyObject* const root = as<Map>(map)->root;
  if (root == nullptr || Py_TYPE(root)->tp_itemsize != static_cast<Py_ssize_t>(sizeof(PyObject*)) ||
      Py_TYPE(root)->tp_basicsize != static_cast<Py_ssize_t>(sizeof(Node) - sizeof(PyObject*)) ||
      Py_SIZE(root) != 2 || as<Node>(root)->pairs[0] != variable ||
      as<Node>(root)->pairs[1] != value)
    return false;
  map_type = Py_TYPE(map);
  node_type = Py_TYPE(root);
  return true;
}

void try_out() {
  tried = true;
#ifndef Py_GIL_DISABLED
  PyObject* const context = PyContext_New();
  PyObject* const variable = PyContextVar_New("", nullptr);
  PyObject* const value = PyFloat_FromDouble(0.5);
  PyObject* token = nullptr;
  if (context && variable && value && PyContext_Enter(context) == 0) {
    token = PyContextVar_Set(variable, value);
    if (token == nullptr || !is_known(context, variable, value)) map_type = nullptr;
    PyContext_Exit(context);
  }
  Py_XDECREF(token);
  Py_XDECREF(value);
  Py_XDECREF(variable);
  Py_XDECREF(context);
  PyErr_Clear();
#endif
}

}  // namespace

PyObject* cached_context_value(PyObject* variable) {
  if (map_type == nullptr) return nullptr;
  const auto* const read = as<Variable>(variable);
  const PyThreadState* const thread = PyThreadState_Get();
  return read->cached_thread == thread->id && read->cached_version == thread->context_ver
             ? read->cached
             : nullptr;
}

PyObject* peek_context_value(PyObject* variable) {
  const PyThreadState* const thread = PyGILState_GetThisThreadState();
  if (map_type == nullptr || thread == nullptr || thread->context == nullptr) return nullptr;
  const auto* const read = as<Variable>(variable);
  if (read->cached_thread == thread->id && read->cached_version == thread->context_ver)
    return read->cached;
  PyObject** const place = place_of(thread->context, variable);
  return place == nullptr ? nullptr : *place;
}

bool write_context_variable(PyObject* variable, PyObject* value) {
  if (map_type == nullptr) [[unlikely]] {
    if (!tried) try_out();
    if (map_type == nullptr) return false;
  }
  const PyThreadState* const thread = PyThreadState_Get();
  if (thread->context == nullptr) return false;
  PyObject** const place = place_of(thread->context, variable);
  if (place == nullptr) return false;
  PyObject* const before = *place;
  *place = Py_NewRef(value);
  auto* const written = as<Variable>(variable);
  written->cached = value;
  written->cached_thread = thread->id;
  written->cached_version = thread->context_ver;
  Py_DECREF(before);
  return true;
}

}  // namespace dd::py::compat
