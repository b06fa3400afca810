#include "core/py/context.h"

#include "core/py/compat/context_write.h"
#include "core/py/error.h"

namespace dd::py {
namespace {

struct Box {
  PyObject_HEAD
  const BoxKind* kind;  // null until there is a value
};
constexpr std::size_t kHead = (sizeof(Box) + 15) / 16 * 16;

void* value_of(PyObject* box) { return reinterpret_cast<char*>(box) + kHead; }

void drop_box(PyObject* self) {
  const BoxKind* kind = reinterpret_cast<Box*>(self)->kind;
  if (kind != nullptr) {
    const ErrorKeep keep;
    kind->drop(value_of(self));
  }
  PyObject_Free(self);
}

constinit PyTypeObject box_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

bool ready_box_type() {
  if (box_type.tp_dict != nullptr) return true;
  box_type.tp_name = "ddtrace.box";
  box_type.tp_basicsize = static_cast<Py_ssize_t>(kHead);
  box_type.tp_itemsize = 1;
  box_type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;
  box_type.tp_dealloc = drop_box;
  if (PyType_Ready(&box_type) == 0) return true;
  PyErr_Clear();
  return false;
}

}  // namespace

PyObject* ContextVariable::variable() const {
  if (variable_ == nullptr) [[unlikely]] {
    variable_ = PyContextVar_New(name_, nullptr);
    if (variable_ == nullptr) PyErr_Clear();
  }
  return variable_;
}

Ref ContextVariable::value() const {
  if (variable() == nullptr) return {};
  Ref found = read_context_variable(variable_);
  if (found.is_none()) return {};
  return found;
}

// Before 3.12 a collection may start inside ContextVar.set, run a finaliser that sets the same
// variable, and leave set() with a freed map: the collector waits. The token holds the old value,
// so nothing is dropped inside.
void set_context_variable(PyObject* variable, Handle value) {
  if (compat::write_context_variable(variable, value.ptr())) return;
  const int collecting = PyGC_Disable();
  const Ref token = Ref::steal(PyContextVar_Set(variable, value.ptr()));
  if (collecting != 0) PyGC_Enable();
  if (!token) PyErr_Clear();
}

Ref read_context_variable(PyObject* variable) {
  if (PyObject* const known = compat::cached_context_value(variable)) return Ref::borrow(known);
  PyObject* found = nullptr;
  if (PyContextVar_Get(variable, nullptr, &found) < 0) PyErr_Clear();
  return Ref::steal(found);
}

void ContextVariable::set(Handle value) const {
  if (variable() != nullptr) set_context_variable(variable_, value ? value : Handle(Py_None));
}

InForce::InForce(const ContextVariable& variable, Ref value) {
  if (!value) return;
  variable_ = &variable;
  value_ = static_cast<Ref&&>(value);
  before_ = variable.value();
  variable.set(value_);
}

void InForce::end() {
  const ContextVariable* variable = std::exchange(variable_, nullptr);
  if (variable == nullptr) return;
  {
    const ErrorKeep keep;
    if (variable->value().is(value_)) variable->set(before_);
  }
  value_ = Ref();
  before_ = Ref();
}

Ref make_box(const BoxKind& kind, std::size_t size, void** room) {
  if (!ready_box_type()) return {};
  auto* box = reinterpret_cast<Box*>(
      PyObject_NewVar(PyVarObject, &box_type, static_cast<Py_ssize_t>(size)));
  if (box == nullptr) {
    PyErr_Clear();
    return {};
  }
  box->kind = &kind;
  *room = value_of(reinterpret_cast<PyObject*>(box));
  return Ref::steal(reinterpret_cast<PyObject*>(box));
}

void* open_box(Handle object, const BoxKind& kind) {
  if (!object || !Py_IS_TYPE(object.ptr(), &box_type)) return nullptr;
  auto* box = reinterpret_cast<Box*>(object.ptr());
  return box->kind == &kind ? value_of(object.ptr()) : nullptr;
}

}  // namespace dd::py
