#include "core/py/compat/compat.h"
#include "core/py/engine.h"

namespace dd::py {

namespace {

constinit Hook* all_hooks = nullptr;

}  // namespace

bool Hook::alive_for(Handle object) const {
  if (off.load(std::memory_order_relaxed) || object_ == nullptr) return false;
  if (!is_function_form()) return object.is(object_);
  const Ref now = Ref::steal(compat::weak_target(object_));
  return now && now.is(object);
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
    if (!hook->is_function_form() && !object.is(hook->object_)) continue;
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

const char* Hook::install(const Target& what, Handle object, Handle owner, bool binds,
                          bool special) {
  target = &what;
  binds_ = binds;
  Py_XSETREF(only_for_, Py_XNewRef(owner.ptr()));
  const char* problem = change(object, special);
  installed_ = problem == nullptr;
  off.store(!installed_, std::memory_order_relaxed);
  if (!installed_) give_back();
  return problem;
}

const char* Hook::change(Handle object, bool special) {
  if (is_function(object)) {
    if (function_type() == nullptr) return "no type for functions";
    Py_XSETREF(object_, PyWeakref_NewRef(object.ptr(), nullptr));
    if (object_ == nullptr) {
      PyErr_Clear();
      return "no weak reference";
    }
    auto* function = reinterpret_cast<PyFunctionObject*>(object.ptr());
    original_call_ = function->vectorcall;
    const bool swap = special || !compat::kVectorcallIsHonoured;
    form_ = swap ? Form::kSwappedFunction : Form::kFunction;
    compat::set_vectorcall(object.ptr(), kEntries.call[slot_]);
    if (swap) Py_SET_TYPE(object.ptr(), function_type());
    return nullptr;
  }
  original_call_ = nullptr;
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
            reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(kEntries.method[slot_])),
            METH_FASTCALL | METH_KEYWORDS, original_def_->ml_doc};
    builtin->m_ml = &def_;
    builtin->vectorcall = kEntries.call[slot_];
  } else {
    auto* method = reinterpret_cast<PyMethodDescrObject*>(object.ptr());
    form_ = Form::kMethod;
    original_def_ = method->d_method;
    Py_XSETREF(original_, PyDescr_NewMethod(PyDescr_TYPE(method), original_def_));
    if (original_ == nullptr) {
      PyErr_Clear();
      return "no twin of the method";
    }
    // Not our own vectorcall's business: a wrong self is for the original to refuse.
    if (only_for_ == nullptr)
      only_for_ = Py_NewRef(reinterpret_cast<PyObject*>(PyDescr_TYPE(method)));
    def_ = {original_def_->ml_name,
            reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(kEntries.method[slot_])),
            METH_FASTCALL | METH_KEYWORDS, original_def_->ml_doc};
    method->d_method = &def_;
    method->vectorcall = kEntries.call[slot_];
  }
  Py_XSETREF(object_, object.share().release());
  return nullptr;
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
}

// False when somebody else has changed it after us.
bool Hook::put_back() {
  if (form_ == Form::kBuiltin) {
    auto* builtin = reinterpret_cast<PyCFunctionObject*>(object_);
    if (builtin->m_ml != &def_) return false;
    builtin->m_ml = original_def_;
    builtin->vectorcall = reinterpret_cast<PyCFunctionObject*>(original_)->vectorcall;
    return true;
  }
  if (form_ == Form::kMethod) {
    auto* method = reinterpret_cast<PyMethodDescrObject*>(object_);
    if (method->d_method != &def_) return false;
    method->d_method = original_def_;
    method->vectorcall = reinterpret_cast<PyMethodDescrObject*>(original_)->vectorcall;
    return true;
  }
  const Ref function = Ref::steal(compat::weak_target(object_));
  if (!function) return true;
  auto* object = reinterpret_cast<PyFunctionObject*>(function.ptr());
  if (object->vectorcall != kEntries.call[slot_]) return false;
  compat::set_vectorcall(function.ptr(), original_call_);
  // The first hook of a chain goes last, and only then is it a plain function again.
  bool chained = false;
  for (const vectorcallfunc other : kEntries.call) chained = chained || other == original_call_;
  if (!chained) Py_SET_TYPE(function.ptr(), &PyFunction_Type);
  return true;
}

}  // namespace dd::py
