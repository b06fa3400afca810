#include "core/py/engine.h"
#include "core/py/numbered.h"

namespace dd::py {
namespace {

constinit std::atomic<Hook*> slots[kSlots] = {};
constinit std::atomic<int> slots_used{0};

// A function object has no room for a pointer to its hook, so each hook has an entry of its own.
template <int N>
PyObject* entry(PyObject* callable, PyObject* const* args, std::size_t nargsf, PyObject* kwnames) {
  return slots[N].load(std::memory_order_acquire)->call(callable, args, nargsf, kwnames);
}
template <int N>
PyObject* method_entry(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* kwnames) {
  return slots[N].load(std::memory_order_acquire)->call_method(self, args, count, kwnames);
}

// The type of a function that must not be inlined: 3.11's CALL and, in every version, the
// specialised instructions for special methods look for exactly PyFunction_Type. Same layout, no
// fields of its own; __class__ says what it was, and pickling goes by name as before.
PyObject* function_class(PyObject*, void*) {
  return Py_NewRef(reinterpret_cast<PyObject*>(&PyFunction_Type));
}
PyObject* reduce_function(PyObject* self, PyObject*) {
  return PyObject_GetAttrString(self, "__qualname__");
}
constinit PyGetSetDef function_getset[] = {{"__class__", function_class, nullptr, nullptr, nullptr},
                                           {nullptr, nullptr, nullptr, nullptr, nullptr}};
constinit PyMethodDef function_methods[] = {{"__reduce_ex__", reduce_function, METH_O, nullptr},
                                            {"__reduce__", reduce_function, METH_NOARGS, nullptr},
                                            {nullptr, nullptr, 0, nullptr}};
constinit PyTypeObject hidden_function_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

}  // namespace

vectorcallfunc entry_of(int slot) {
  return pick<0, kSlots>(slot, []<int N>() -> vectorcallfunc { return &entry<N>; });
}
MethodEntry method_entry_of(int slot) {
  return pick<0, kSlots>(slot, []<int N>() -> MethodEntry { return &method_entry<N>; });
}

int take_slot() {
  const int slot = slots_used.fetch_add(1, std::memory_order_relaxed);
  return slot < kSlots ? slot : -1;
}

void set_slot(int slot, Hook* hook) { slots[slot].store(hook, std::memory_order_release); }

PyTypeObject* function_type() {
  PyTypeObject& type = hidden_function_type;
  if (type.tp_dict != nullptr) return &type;
  type.tp_name = "function";
  type.tp_base = &PyFunction_Type;
  type.tp_basicsize = PyFunction_Type.tp_basicsize;
  type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_HAVE_VECTORCALL;
  type.tp_vectorcall_offset = PyFunction_Type.tp_vectorcall_offset;
  type.tp_call = PyFunction_Type.tp_call;
  type.tp_getset = function_getset;
  type.tp_methods = function_methods;
  // A type without a description has None in its dictionary, in front of the function's own.
  if (PyType_Ready(&type) == 0 && PyDict_DelItemString(type.tp_dict, "__doc__") == 0) {
    PyType_Modified(&type);
    return &type;
  }
  PyErr_Clear();
  return nullptr;
}

bool is_function(Handle object) {
  return object && (Py_IS_TYPE(object.ptr(), &PyFunction_Type) ||
                    Py_IS_TYPE(object.ptr(), &hidden_function_type));
}

}  // namespace dd::py
