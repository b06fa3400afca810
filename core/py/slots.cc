// Hooks on `__init__`, `__new__` and `__call__` of types written in C. CPython reaches them through
// function pointers of the type, which each subclass that does not define its own has copied, and
// through the slot wrapper that super() finds. All of them are changed, and put back.

#include <utility>

#include "core/py/engine.h"
#include "core/py/error.h"
#include "core/py/numbered.h"

namespace dd::py {
namespace {

constexpr int kTypeSlots = 128;
constinit std::atomic<Hook*> type_slots[kTypeSlots] = {};
constinit int type_slots_used = 0;

template <int N>
int init_entry(PyObject* self, PyObject* args, PyObject* keywords) {
  PyObject* result = type_slots[N].load(std::memory_order_acquire)->call_slot(self, args, keywords);
  if (result == nullptr) return -1;
  Py_DECREF(result);
  return 0;
}
template <int N>
PyObject* call_entry(PyObject* self, PyObject* args, PyObject* keywords) {
  return type_slots[N].load(std::memory_order_acquire)->call_slot(self, args, keywords);
}
template <int N>
PyObject* new_entry(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  return type_slots[N]
      .load(std::memory_order_acquire)
      ->call_slot(reinterpret_cast<PyObject*>(type), args, keywords);
}
using Slot = Hook::TypeSlot;

void* read_slot(const PyTypeObject* type, Slot slot) {
  switch (slot) {
    case Slot::kInit:
      return reinterpret_cast<void*>(type->tp_init);
    case Slot::kCall:
      return reinterpret_cast<void*>(type->tp_call);
    case Slot::kNew:
      return reinterpret_cast<void*>(type->tp_new);
  }
  return nullptr;
}
void write_slot(PyTypeObject* type, Slot slot, void* function) {
  switch (slot) {
    case Slot::kInit:
      type->tp_init = reinterpret_cast<initproc>(function);
      break;
    case Slot::kCall:
      type->tp_call = reinterpret_cast<ternaryfunc>(function);
      break;
    case Slot::kNew:
      type->tp_new = reinterpret_cast<newfunc>(function);
      break;
  }
  PyType_Modified(type);
}

// In the type and in every subclass that has it from there.
void replace_slot(PyTypeObject* type, Slot slot, void* from, void* to) {
  if (read_slot(type, slot) != from) return;
  write_slot(type, slot, to);
  const Ref subclasses = Ref::steal(
      PyObject_CallMethod(reinterpret_cast<PyObject*>(&PyType_Type), "__subclasses__", "O", type));
  if (!subclasses) PyErr_Clear();
  subclasses.each([&](Handle subclass) {
    replace_slot(reinterpret_cast<PyTypeObject*>(subclass.ptr()), slot, from, to);
  });
}

bool is_slot_wrapper(Handle object, const char* name) {
  return Py_IS_TYPE(object.ptr(), &PyWrapperDescr_Type) &&
         std::string_view(reinterpret_cast<PyWrapperDescrObject*>(object.ptr())->d_base->name) ==
             name;
}

// The type whose slot it is; null when it is not one of these.
PyTypeObject* type_of_slot(Handle object, Slot& slot) {
  if (is_slot_wrapper(object, "__init__") || is_slot_wrapper(object, "__call__")) {
    slot = is_slot_wrapper(object, "__init__") ? Slot::kInit : Slot::kCall;
    return PyDescr_TYPE(reinterpret_cast<PyDescrObject*>(object.ptr()));
  }
  if (!Py_IS_TYPE(object.ptr(), &PyCFunction_Type)) return nullptr;
  const auto* builtin = reinterpret_cast<PyCFunctionObject*>(object.ptr());
  if (builtin->m_self == nullptr || !PyType_Check(builtin->m_self) ||
      std::string_view(builtin->m_ml->ml_name) != "__new__")
    return nullptr;
  slot = Slot::kNew;
  return reinterpret_cast<PyTypeObject*>(builtin->m_self);
}

}  // namespace

bool is_type_slot(Handle object) {
  Slot slot{};
  return type_of_slot(object, slot) != nullptr;
}

const char* Hook::change_slot(const Place& place) {
  PyTypeObject* type = type_of_slot(place.object, type_slot_);
  if (type == &PyBaseObject_Type || place.inherited) return "the class has none of its own";
  if (type_slot_index_ < 0) {
    if (type_slots_used == kTypeSlots) return "too many hooks on types";
    type_slot_index_ = type_slots_used++;
    type_slots[type_slot_index_].store(this, std::memory_order_release);
  }
  form_ = Form::kTypeSlot;
  original_call_ = nullptr;
  original_slot_ = read_slot(type, type_slot_);
  Py_XSETREF(original_, Py_NewRef(reinterpret_cast<PyObject*>(type)));
  if (type_slot_ != Slot::kNew)
    reinterpret_cast<PyWrapperDescrObject*>(place.object.ptr())->d_wrapped = slot_entry();
  replace_slot(type, type_slot_, original_slot_, slot_entry());
  if (type_slot_ != Slot::kCall) {  // a short cut past both
    original_type_call_ = type->tp_vectorcall;
    type->tp_vectorcall = nullptr;
  }
  Py_XSETREF(object_, place.object.share().release());
  return nullptr;
}

bool Hook::put_back_slot() {
  auto* type = reinterpret_cast<PyTypeObject*>(original_);
  if (read_slot(type, type_slot_) != slot_entry()) return false;
  if (type_slot_ != Slot::kNew)
    reinterpret_cast<PyWrapperDescrObject*>(object_)->d_wrapped = original_slot_;
  replace_slot(type, type_slot_, slot_entry(), original_slot_);
  if (type_slot_ != Slot::kCall) type->tp_vectorcall = original_type_call_;
  return true;
}

void* Hook::slot_entry() const {
  switch (type_slot_) {
    case Slot::kInit:
      return pick<0, kTypeSlots>(type_slot_index_,
                                 []<int N>() { return reinterpret_cast<void*>(&init_entry<N>); });
    case Slot::kCall:
      return pick<0, kTypeSlots>(type_slot_index_,
                                 []<int N>() { return reinterpret_cast<void*>(&call_entry<N>); });
    case Slot::kNew:
      return pick<0, kTypeSlots>(type_slot_index_,
                                 []<int N>() { return reinterpret_cast<void*>(&new_entry<N>); });
  }
  return nullptr;
}

PyObject* Hook::call_original_slot(PyObject* self, PyObject* args, PyObject* keywords) const {
  switch (type_slot_) {
    case Slot::kInit:
      return reinterpret_cast<initproc>(original_slot_)(self, args, keywords) < 0
                 ? nullptr
                 : Py_NewRef(Py_None);
    case Slot::kCall:
      return reinterpret_cast<ternaryfunc>(original_slot_)(self, args, keywords);
    case Slot::kNew:
      return reinterpret_cast<newfunc>(original_slot_)(reinterpret_cast<PyTypeObject*>(self), args,
                                                       keywords);
  }
  return nullptr;
}

PyObject* Hook::call_slot(PyObject* self, PyObject* args, PyObject* keywords) {
  if (off.load(std::memory_order_relaxed)) return call_original_slot(self, args, keywords);
  const Py_ssize_t count = PyTuple_GET_SIZE(args);
  std::vector<PyObject*> vector = {nullptr, self};
  for (Py_ssize_t i = 0; i < count; ++i) vector.push_back(PyTuple_GET_ITEM(args, i));
  Ref names;
  if (keywords != nullptr && PyDict_GET_SIZE(keywords) > 0) {
    names = Ref::steal(PyTuple_New(PyDict_GET_SIZE(keywords)));
    if (!names) return nullptr;
    Py_ssize_t at = 0, position = 0;
    PyObject *key = nullptr, *value = nullptr;
    while (PyDict_Next(keywords, &position, &key, &value)) {
      PyTuple_SET_ITEM(names.ptr(), at++, Py_NewRef(key));
      vector.push_back(value);
    }
  }
  return call(nullptr, vector.data() + 1,
              (static_cast<std::size_t>(count) + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, names.ptr());
}

}  // namespace dd::py
