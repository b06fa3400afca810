#include "core/py/compat/compat.h"
#include "core/py/engine.h"

namespace dd::py {

bool Hook::alive_for(Handle object) const {
  if (off.load(std::memory_order_relaxed) || object_ == nullptr) return false;
  if (form_ == Form::kBuiltin || form_ == Form::kMethod) return object.is(object_);
  const Ref now = Ref::steal(compat::weak_target(object_));
  return now && now.is(object);
}

const char* Hook::install(Handle object, Handle owner, bool binds, bool special) {
  if (slot_ < 0) {
    slot_ = take_slot();
    if (slot_ < 0) return "too many hooks";
  }
  binds_ = binds;
  watch_.end = target->leave;
  if (owner) only_for_ = owner.share().release();
  if (is_function(object)) {
    if (function_type() == nullptr) return "no type for functions";
    object_ = PyWeakref_NewRef(object.ptr(), nullptr);
    if (object_ == nullptr) {
      PyErr_Clear();
      return "no weak reference";
    }
    auto* function = reinterpret_cast<PyFunctionObject*>(object.ptr());
    original_call_ = function->vectorcall;
    set_slot(slot_, this);
    off.store(false, std::memory_order_relaxed);
    const bool swap = special || !compat::kVectorcallIsHonoured;
    form_ = swap ? Form::kSwappedFunction : Form::kFunction;
    compat::set_vectorcall(object.ptr(), kEntries.call[slot_]);
    if (swap) Py_SET_TYPE(object.ptr(), function_type());
    return nullptr;
  }
  set_slot(slot_, this);
  if (Py_IS_TYPE(object.ptr(), &PyCFunction_Type)) {
    auto* builtin = reinterpret_cast<PyCFunctionObject*>(object.ptr());
    form_ = Form::kBuiltin;
    original_def_ = builtin->m_ml;
    original_ = PyCFunction_NewEx(builtin->m_ml, builtin->m_self, builtin->m_module);
    if (original_ == nullptr) {
      PyErr_Clear();
      return "no twin of the function";
    }
    def_ = {original_def_->ml_name,
            reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(kEntries.method[slot_])),
            METH_FASTCALL | METH_KEYWORDS, original_def_->ml_doc};
    builtin->m_ml = &def_;
    builtin->vectorcall = kEntries.call[slot_];
  } else {
    auto* method = reinterpret_cast<PyMethodDescrObject*>(object.ptr());
    form_ = Form::kMethod;
    original_def_ = method->d_method;
    original_ = PyDescr_NewMethod(PyDescr_TYPE(method), original_def_);
    if (original_ == nullptr) {
      PyErr_Clear();
      return "no twin of the method";
    }
    // Not our own vectorcall's business: a wrong self is for the original to refuse.
    if (!owner) only_for_ = Py_NewRef(reinterpret_cast<PyObject*>(PyDescr_TYPE(method)));
    def_ = {original_def_->ml_name,
            reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(kEntries.method[slot_])),
            METH_FASTCALL | METH_KEYWORDS, original_def_->ml_doc};
    method->d_method = &def_;
    method->vectorcall = kEntries.call[slot_];
  }
  object_ = object.share().release();
  off.store(false, std::memory_order_relaxed);
  return nullptr;
}

void Hook::uninstall() {
  if (off.exchange(true, std::memory_order_relaxed) || object_ == nullptr) return;
  const vectorcallfunc ours = kEntries.call[slot_];
  if (form_ == Form::kBuiltin) {
    auto* builtin = reinterpret_cast<PyCFunctionObject*>(object_);
    if (builtin->m_ml != &def_) return;
    builtin->m_ml = original_def_;
    builtin->vectorcall = reinterpret_cast<PyCFunctionObject*>(original_)->vectorcall;
  } else if (form_ == Form::kMethod) {
    auto* method = reinterpret_cast<PyMethodDescrObject*>(object_);
    if (method->d_method != &def_) return;
    method->d_method = original_def_;
    method->vectorcall = reinterpret_cast<PyMethodDescrObject*>(original_)->vectorcall;
  } else {
    const Ref function = Ref::steal(compat::weak_target(object_));
    if (!function) return;
    auto* object = reinterpret_cast<PyFunctionObject*>(function.ptr());
    if (object->vectorcall != ours) return;  // hooked again after us: pass through
    compat::set_vectorcall(function.ptr(), original_call_);
    // The first hook of a chain goes last, and only then is it a plain function again.
    bool chained = false;
    for (const vectorcallfunc other : kEntries.call) chained = chained || other == original_call_;
    if (!chained) Py_SET_TYPE(function.ptr(), &PyFunction_Type);
  }
}

}  // namespace dd::py
