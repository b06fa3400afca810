// The engine's inside: one hooked target, and the addresses through which CPython calls it.

#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/py/hook.h"

namespace dd::py {

struct Call::Rewrite {
  std::vector<PyObject*> vector;  // one free slot in front, as vectorcall may use it
  std::vector<Ref> owned;
  Ref kwnames;
};

// One hooked target. Never freed: a call may still be inside it.
class Hook {
 public:
  enum class Form : std::uint8_t { kFunction, kSwappedFunction, kBuiltin, kMethod };

  PyObject* call(PyObject* callable, PyObject* const* args, std::size_t nargsf, PyObject* kwnames);
  PyObject* call_method(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* kwnames);
  const char* install(Handle object, Handle owner, bool binds, bool special);
  void uninstall();
  bool alive_for(Handle object) const;

  const Target* target = nullptr;
  std::atomic<std::uint64_t> faults{0};
  std::atomic<bool> off{true};

 private:
  PyObject* forward(PyObject* callable, PyObject* const* args, std::size_t nargsf,
                    PyObject* kwnames) {
    return original_call_ != nullptr ? original_call_(callable, args, nargsf, kwnames)
                                     : PyObject_Vectorcall(original_, args, nargsf, kwnames);
  }
  bool enter(Call& call, Scope& scope);
  PyObject* leave(PyObject* result, Scope& scope);
  void fault(const char* phase, const char* what);

  Form form_ = Form::kFunction;
  bool binds_ = false;
  PyObject* only_for_ = nullptr;            // a class: the target is inherited by it
  vectorcallfunc original_call_ = nullptr;  // functions
  PyObject* original_ = nullptr;            // C functions: a twin that runs the original
  PyObject* object_ = nullptr;              // functions: a weak reference; C functions: owned
  PyMethodDef* original_def_ = nullptr;
  PyMethodDef def_{};
  int slot_ = -1;
  Watch watch_;  // for what a kIterator target returns
};

inline constexpr int kSlots = 1024;

using MethodEntry = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
struct Entries {
  vectorcallfunc call[kSlots];
  MethodEntry method[kSlots];
};
// Entry N calls the hook that slot N holds.
extern const Entries kEntries;
int take_slot();  // -1 when there is none left
void set_slot(int slot, Hook* hook);

// The type of a function that must not be inlined; null when it could not be made.
PyTypeObject* function_type();
// Whether it is a Python function, hooked or not.
bool is_function(Handle object);

// Adds to hook_faults().
void count_fault();

}  // namespace dd::py
