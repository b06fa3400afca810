#include <utility>

#include "core/py/compat/compat.h"
#include "core/py/engine.h"

namespace dd::py {

namespace {

constinit Hook* all_hooks = nullptr;

bool takes_vectorcall(const PyTypeObject* metaclass) {
  return PyType_HasFeature(const_cast<PyTypeObject*>(metaclass), Py_TPFLAGS_HAVE_VECTORCALL) &&
         metaclass->tp_vectorcall_offset == offsetof(PyTypeObject, tp_vectorcall);
}

}  // namespace

bool Hook::alive_for(const Place& place) const {
  if (off.load(std::memory_order_relaxed) || object_ == nullptr) return false;
  if (only_one_ != static_cast<bool>(place.only) || (only_one_ && !place.only.is(only_for_)))
    return false;
  if (!is_function_form()) return place.object.is(object_);
  const Ref now = Ref::steal(compat::weak_target(object_));
  return now && now.is(place.object);
}

bool Hook::is_dead() const {
  return object_ != nullptr && is_function_form() && !Ref::steal(compat::weak_target(object_));
}

// A function's hook can be taken for any other once the function is as it was, or gone, and no call
// is inside. Bound C methods keep the address of what they were bound with for as long as they
// live: such a hook can be taken for the same method only.
Hook* Hook::take(Handle object) {
  for (Hook* hook = all_hooks; hook != nullptr && compat::kHasGil; hook = hook->next_) {
    if (!hook->free_ || hook->installed_ || hook->users_.load(std::memory_order_relaxed) != 0)
      continue;
    const bool keeps_address = hook->form_ == Form::kBuiltin || hook->form_ == Form::kMethod ||
                               hook->form_ == Form::kClassMethod;
    if (keeps_address && !object.is(hook->object_)) continue;
    hook->free_ = false;
    hook->faults.store(0, std::memory_order_relaxed);
    return hook;
  }
  const int slot = take_slot();
  if (slot < 0) return nullptr;
  Hook* hook = new Hook;
  hook->slot_ = slot;
  hook->next_ = all_hooks;
  all_hooks = hook;
  set_slot(slot, hook);
  return hook;
}

const char* Hook::install(const Target& what, const Place& place) {
  target = &what;
  binds_ = place.binds;
  only_one_ = static_cast<bool>(place.only);
  Handle only;
  if (only_one_)
    only = place.only;
  else if (place.inherited)
    only = place.owner;
  Py_XSETREF(only_for_, Py_XNewRef(only.ptr()));
  const char* problem = change(place);
  installed_ = problem == nullptr;
  off.store(!installed_, std::memory_order_relaxed);
  if (!installed_) give_back();
  return problem;
}

vectorcallfunc* own_vectorcall(Handle object) {
  PyTypeObject* type = Py_TYPE(object.ptr());
  if (PyType_Check(object.ptr()) || !PyType_HasFeature(type, Py_TPFLAGS_HAVE_VECTORCALL) ||
      type->tp_vectorcall_offset <= 0)
    return nullptr;
  return reinterpret_cast<vectorcallfunc*>(reinterpret_cast<char*>(object.ptr()) +
                                           type->tp_vectorcall_offset);
}

const char* Hook::change(const Place& place) {
  const Handle object = place.object;
  if (is_function(object)) {
    if (function_type() == nullptr) return "no type for functions";
    Py_XSETREF(object_, PyWeakref_NewRef(object.ptr(), nullptr));
    if (object_ == nullptr) {
      PyErr_Clear();
      return "no weak reference";
    }
    auto* function = reinterpret_cast<PyFunctionObject*>(object.ptr());
    original_call_ = function->vectorcall;
    const bool swap = place.special || !compat::kVectorcallIsHonoured;
    form_ = swap ? Form::kSwappedFunction : Form::kFunction;
    compat::set_vectorcall(object.ptr(), entry_of(slot_));
    if (swap) Py_SET_TYPE(object.ptr(), function_type());
    return nullptr;
  }
  original_call_ = nullptr;
  if (PyType_Check(object.ptr())) return change_class(place);
  if (is_type_slot(object)) return change_slot(place);
  if (Py_IS_TYPE(object.ptr(), &PyCFunction_Type)) {
    auto* builtin = reinterpret_cast<PyCFunctionObject*>(object.ptr());
    form_ = Form::kBuiltin;
    original_def_ = builtin->m_ml;
    Py_XSETREF(original_, PyCFunction_NewEx(builtin->m_ml, builtin->m_self, builtin->m_module));
    if (original_ == nullptr) {
      PyErr_Clear();
      return "no twin of the function";
    }
    def_ = {original_def_->ml_name,
            reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(method_entry_of(slot_))),
            METH_FASTCALL | METH_KEYWORDS, original_def_->ml_doc};
    builtin->m_ml = &def_;
    builtin->vectorcall = entry_of(slot_);
  } else if (Py_IS_TYPE(object.ptr(), &PyMethodDescr_Type) ||
             Py_IS_TYPE(object.ptr(), &PyClassMethodDescr_Type)) {
    auto* method = reinterpret_cast<PyMethodDescrObject*>(object.ptr());
    const bool of_class = Py_IS_TYPE(object.ptr(), &PyClassMethodDescr_Type);
    form_ = of_class ? Form::kClassMethod : Form::kMethod;
    original_def_ = method->d_method;
    Py_XSETREF(original_, (of_class ? PyDescr_NewClassMethod : PyDescr_NewMethod)(
                              PyDescr_TYPE(method), original_def_));
    if (original_ == nullptr) {
      PyErr_Clear();
      return "no twin of the method";
    }
    // Not our own vectorcall's business: a wrong self is for the original to refuse.
    if (only_for_ == nullptr)
      only_for_ = Py_NewRef(reinterpret_cast<PyObject*>(PyDescr_TYPE(method)));
    def_ = {original_def_->ml_name,
            reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(method_entry_of(slot_))),
            METH_FASTCALL | METH_KEYWORDS, original_def_->ml_doc};
    method->d_method = &def_;
    if (!of_class) method->vectorcall = entry_of(slot_);
  } else if (vectorcallfunc* own = own_vectorcall(object)) {
    form_ = Form::kVectorcall;
    original_call_ = *own;
    *own = entry_of(slot_);
  } else {
    return stand_in(place);
  }
  Py_XSETREF(object_, object.share().release());
  return nullptr;
}

const char* trouble_with_class(Handle type) {
  const auto* const object = reinterpret_cast<PyTypeObject*>(type.ptr());
  if (object == &PyType_Type || object == &PyUnicode_Type || object == &PyTuple_Type)
    return "a class that the interpreter does not call";
  return nullptr;
}

// Every class has room for a vectorcall of its own, which subclasses do not get: what calls it asks
// there first, if the metaclass says that its classes have one. Those of a metaclass written in
// Python do not before 3.12, but are looked at in the same way when it does.
const char* Hook::change_class(const Place& place) {
  auto* const type = reinterpret_cast<PyTypeObject*>(place.object.ptr());
  PyTypeObject* const metaclass = Py_TYPE(type);
  if (!takes_vectorcall(metaclass)) {
    metaclass->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
    metaclass->tp_vectorcall_offset = offsetof(PyTypeObject, tp_vectorcall);
    metaclass_ = reinterpret_cast<PyTypeObject*>(Py_NewRef(reinterpret_cast<PyObject*>(metaclass)));
  }
  if (compat::kInitIsInlined && function_type() != nullptr) {
    Ref init;
    place.object.attr("__mro__").each([&](Handle base) {
      if (!init) init = base.attr("__dict__").item("__init__");
    });
    if (init && Py_IS_TYPE(init.ptr(), &PyFunction_Type)) {
      Py_SET_TYPE(init.ptr(), function_type());
      hidden_init_ = init.release();
    }
  }
  form_ = Form::kClass;
  original_call_ = type->tp_vectorcall;
  type->tp_vectorcall = entry_of(slot_);
  PyType_Modified(type);
  Py_XSETREF(object_, place.object.share().release());
  return nullptr;
}

// To another hook on a class of the same metaclass, or the metaclass is as it was.
void Hook::pass_metaclass_on() {
  if (metaclass_ == nullptr) return;
  PyTypeObject* const metaclass = std::exchange(metaclass_, nullptr);
  for (Hook* hook = all_hooks; hook != nullptr; hook = hook->next_) {
    if (hook == this || !hook->installed_ || hook->form_ != Form::kClass ||
        Py_TYPE(hook->object_) != metaclass)
      continue;
    hook->metaclass_ = metaclass;
    return;
  }
  metaclass->tp_flags &= ~Py_TPFLAGS_HAVE_VECTORCALL;
  Py_DECREF(reinterpret_cast<PyObject*>(metaclass));
}

bool Hook::put_back_class() {
  auto* const type = reinterpret_cast<PyTypeObject*>(object_);
  if (type->tp_vectorcall != entry_of(slot_)) return false;
  type->tp_vectorcall = original_call_;
  PyType_Modified(type);
  pass_metaclass_on();
  if (hidden_init_ != nullptr) {
    bool hooked = false;  // by its own name
    const auto* const init = reinterpret_cast<PyFunctionObject*>(hidden_init_);
    for (int i = 0; i < kSlots; ++i) hooked = hooked || init->vectorcall == entry_of(i);
    if (!hooked && Py_IS_TYPE(hidden_init_, function_type()))
      Py_SET_TYPE(hidden_init_, &PyFunction_Type);
    Py_CLEAR(hidden_init_);
  }
  return true;
}

// For what cannot be changed: another object takes its place among its owner's attributes.
const char* Hook::stand_in(const Place& place) {
  if (!place.parent) return "nothing to put in its place";
  form_ = Form::kStandIn;
  Ref made = make_callable_stand_in(place.object, this);
  if (!made) return "not a function, and nothing can stand in for it";
  Py_XSETREF(original_, place.object.share().release());
  Py_XSETREF(parent_, place.parent.share().release());
  Py_XSETREF(name_, str(place.name).release());
  if (name_ == nullptr || PyObject_SetAttr(parent_, name_, made.ptr()) < 0) {
    PyErr_Clear();
    return "its attribute cannot be set";
  }
  Py_XSETREF(object_, made.release());
  return nullptr;
}

void Hook::stay(PyObject* object) {
  vectorcallfunc* own = own_vectorcall(object);
  if (own == nullptr || *own != nullptr || !installed_) return;
  original_call_ = nullptr;
  *own = entry_of(slot_);
}

void Hook::uninstall() {
  off.store(true, std::memory_order_relaxed);
  if (!installed_ || !put_back()) return;
  installed_ = false;
  // What is on top now may have waited for that.
  for (Hook* hook = all_hooks; hook != nullptr; hook = hook->next_)
    if (hook->installed_ && hook->off.load(std::memory_order_relaxed)) hook->uninstall();
}

void Hook::give_back() {
  uninstall();
  free_ = true;
  const bool let_go =
      form_ == Form::kVectorcall || form_ == Form::kStandIn || form_ == Form::kClass;
  if (let_go && !installed_) Py_CLEAR(object_);
  Py_CLEAR(only_for_);
}

// False when somebody else has changed it after us.
bool Hook::put_back() {
  if (form_ == Form::kTypeSlot) return put_back_slot();
  if (form_ == Form::kClass) return put_back_class();
  if (form_ == Form::kBuiltin) {
    auto* builtin = reinterpret_cast<PyCFunctionObject*>(object_);
    if (builtin->m_ml != &def_) return false;
    builtin->m_ml = original_def_;
    builtin->vectorcall = reinterpret_cast<PyCFunctionObject*>(original_)->vectorcall;
    return true;
  }
  if (form_ == Form::kVectorcall) {
    vectorcallfunc* own = own_vectorcall(object_);
    if (*own != entry_of(slot_)) return *own == nullptr;
    *own = original_call_;
    return true;
  }
  if (form_ == Form::kStandIn) {
    const Ref dictionary = Handle(parent_).attr("__dict__");
    if (!dictionary.item(Handle(name_)).is(object_)) return false;
    if (PyObject_SetAttr(parent_, name_, original_) < 0) PyErr_Clear();
    return true;
  }
  if (form_ == Form::kMethod || form_ == Form::kClassMethod) {
    auto* method = reinterpret_cast<PyMethodDescrObject*>(object_);
    if (method->d_method != &def_) return false;
    method->d_method = original_def_;
    if (form_ == Form::kMethod)
      method->vectorcall = reinterpret_cast<PyMethodDescrObject*>(original_)->vectorcall;
    return true;
  }
  const Ref function = Ref::steal(compat::weak_target(object_));
  if (!function) return true;
  auto* object = reinterpret_cast<PyFunctionObject*>(function.ptr());
  if (object->vectorcall != entry_of(slot_)) return false;
  compat::set_vectorcall(function.ptr(), original_call_);
  // The first hook of a chain goes last, and only then is it a plain function again.
  bool chained = false;
  for (int i = 0; i < kSlots; ++i) chained = chained || entry_of(i) == original_call_;
  if (!chained) Py_SET_TYPE(function.ptr(), &PyFunction_Type);
  return true;
}

}  // namespace dd::py
