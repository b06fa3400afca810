// The engine's inside: one hooked target, the addresses through which CPython calls it, and the
// firewall around each phase.

#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/py/compat/compat.h"
#include "core/py/error.h"
#include "core/py/fault.h"
#include "core/py/hook.h"

namespace dd::py {

struct Call::Rewrite {
  std::vector<PyObject*> vector;  // one free slot in front, as vectorcall may use it
  std::vector<Ref> owned;
  Ref kwnames;
};

// Where a target is.
struct Place {
  Ref object;  // what is changed, or replaced
  Ref owner;   // the class it was named on, if any
  Ref parent;  // whose attribute it is: a class or module
  Ref only;    // the only self it is for
  std::string name;
  bool inherited = false;
  bool binds = false;
  bool special = false;
  const char* problem = nullptr;
};
// "module:Class.attribute". Reads class dictionaries, so no descriptor runs.
Place find_place(const Ref& module, std::string_view path);

// One hooked target. Never freed; used again for another target when nothing is inside it.
class Hook {
 public:
  enum class Form : std::uint8_t {
    kFunction,
    kSwappedFunction,
    kBuiltin,
    kMethod,
    kClassMethod,  // of a C type
    kVectorcall,   // any object with its own vectorcall: functools.partial, Cython functions
    kStandIn,      // an object in its place
    kTypeSlot,     // a function pointer of a C type
    kClass,        // a class, where it is called
  };
  enum class TypeSlot : std::uint8_t { kInit, kCall, kNew };

  PyObject* call(PyObject* callable, PyObject* const* args, std::size_t nargsf, PyObject* kwnames);
  PyObject* call_method(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* kwnames);
  // As CPython calls a type's function pointer.
  PyObject* call_slot(PyObject* self, PyObject* args, PyObject* keywords);
  // A hook for a new target: one that was given back, when nothing can be inside it any more.
  static Hook* take(Handle object);
  // Null, or why not.
  const char* install(const Target& what, const Place& place);
  // From now on calls pass through; and what was changed is put back, unless somebody else has
  // changed it since. Then it is put back when they have.
  void uninstall();
  // Uninstalls, and may be taken again. Its patch must forget it.
  void give_back();
  bool is_dead() const;  // the function it hooked is gone
  bool alive_for(const Place& place) const;
  void fault(const char* phase, const char* what);

  // Calls that are inside, and results that are being followed.
  void retain() { compat::add(users_, 1); }
  void release() { compat::add(users_, -1); }

  const Target* target = nullptr;
  std::atomic<std::uint64_t> faults{0};
  std::atomic<bool> off{true};

 private:
  PyObject* forward(PyObject* callable, PyObject* const* args, std::size_t nargsf,
                    PyObject* kwnames) {
    if (original_call_ != nullptr) [[likely]]
      return original_call_(callable, args, nargsf, kwnames);
    return forward_slowly(callable, args, nargsf, kwnames);
  }
  PyObject* forward_slowly(PyObject* callable, PyObject* const* args, std::size_t nargsf,
                           PyObject* kwnames);
  bool is_meant(PyObject* const* args, std::size_t count) const;
  PyObject* run(PyObject* callable, PyObject* const* args, std::size_t nargsf, PyObject* kwnames);
  PyObject* leave(PyObject* result, Scope& scope);
  const char* change(const Place& place);
  const char* stand_in(const Place& place);
  const char* change_slot(const Place& place);
  bool put_back_slot();
  const char* change_class(const Place& place);
  bool put_back_class();
  void pass_metaclass_on();
  void* slot_entry() const;
  PyObject* call_original_slot(PyObject* self, PyObject* args, PyObject* keywords) const;
  bool put_back();
  void stay(PyObject* object);  // functools.partial may drop its vectorcall during a call
  bool is_function_form() const {
    return form_ == Form::kFunction || form_ == Form::kSwappedFunction;
  }

  Form form_ = Form::kFunction;
  bool binds_ = false;
  PyObject* only_for_ = nullptr;  // a class: the target is inherited by it; or the one object
  bool only_one_ = false;
  PyObject* parent_ = nullptr;  // stand-ins: where it is an attribute
  PyObject* name_ = nullptr;
  vectorcallfunc original_call_ = nullptr;  // functions
  PyObject* original_ = nullptr;            // C functions: a twin that runs the original
  PyObject* object_ = nullptr;              // functions: a weak reference; C functions: owned
  PyMethodDef* original_def_ = nullptr;
  PyMethodDef def_{};
  int slot_ = -1;
  std::atomic<int> users_{0};
  TypeSlot type_slot_ = TypeSlot::kInit;
  int type_slot_index_ = -1;
  void* original_slot_ = nullptr;
  vectorcallfunc original_type_call_ = nullptr;
  PyTypeObject* metaclass_ = nullptr;  // classes: owned, when it has learned vectorcall from us
  PyObject* hidden_init_ = nullptr;    // classes: owned, when it must not be inlined because of us
  bool installed_ = false;             // what was changed is still so
  bool free_ = false;                  // given back
  Hook* next_ = nullptr;               // every hook there is
};

inline constexpr int kSlots = 1024;

using MethodEntry = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
// Call the hook that the slot holds.
vectorcallfunc entry_of(int slot);
MethodEntry method_entry_of(int slot);
int take_slot();  // -1 when there is none left
void set_slot(int slot, Hook* hook);

// Where an object keeps its own vectorcall; null when its type has none.
vectorcallfunc* own_vectorcall(Handle object);

// Whether it is the __init__, __new__ or __call__ of a type written in C.
bool is_type_slot(Handle object);

// Null when calls of the class can be hooked, or why not.
const char* trouble_with_class(Handle type);

// An object that is called through `hook` and is otherwise `inner`.
Ref make_callable_stand_in(Handle inner, Hook* hook);

// The type of a function that must not be inlined; null when it could not be made.
PyTypeObject* function_type();
// Whether it is a Python function, hooked or not.
bool is_function(Handle object);

// Faults of followed results that no hook answers for.
void count_fault();

inline void arm_phase([[maybe_unused]] bool armed) {
#ifdef DD_CHECKS
  if (fault_plan != nullptr) [[unlikely]]
    fault_plan->armed = armed;
#endif
}
// At the start and end of a phase: a fault here is an error left behind.
inline void phase_checkpoint() {
  if (checkpoint()) PyErr_SetString(PyExc_ValueError, "injected fault");
}

// Runs code of ours. What it threw, or null.
template <class Fn>
const char* guarded(Fn&& fn) {
  const char* what = nullptr;
  arm_phase(true);
  try {
    phase_checkpoint();
    fn();
    phase_checkpoint();
  } catch (...) {
    what = "a C++ exception";
  }
  arm_phase(false);
  return what;
}
// Destroys a hook's state: its destructor is ours too.
inline const char* dropped(Scope& scope) {
  if (scope.empty()) return nullptr;
  return guarded([&] { scope.reset(); });
}

// After guarded(): looks at what was left behind, and counts a fault. `hook` may be null. `what` is
// set when there was one. With kInterrupt an interrupt is pending, else nothing.
PhaseEnd settle_slowly(Hook* hook, const char* phase, const char*& what);
inline PhaseEnd settle(Hook* hook, const char* phase, const char*& what) {
  if (what == nullptr && PyErr_Occurred() == nullptr && !interrupt_kept()) [[likely]]
    return PhaseEnd::kClean;
  return settle_slowly(hook, phase, what);
}

}  // namespace dd::py
