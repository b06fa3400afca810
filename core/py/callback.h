// A Python callable made of a C++ function and a value: for add_done_callback(), atexit, weakref
// and whatever else wants to be handed one. So a hook can finish later than its `leave`:
//
//   void done(Call& call, Pending& pending) { finish(pending, call.arg(0)); }
//   (void)outcome.result.call_method(kAddDoneCallback, callback(done, Pending{...}));
//
// It answers None and stands behind the firewall of hooks: nothing but interrupts is raised. The
// value is destroyed with the callable. GIL held.

#pragma once

#include "core/py/context.h"
#include "core/py/hook.h"

namespace dd::py {

using ErasedCallback = void (*)(Call&, void* value, void (*function)());
Ref make_callback(ErasedCallback run, void (*function)(), Ref box, void* value);

// Empty only when memory ran out.
template <class T>
Ref callback(void (*function)(Call&, T&), T value) {
  Ref held = box(std::move(value));
  T* inside = unboxed<T>(held);
  if (inside == nullptr) return {};
  return make_callback(
      [](Call& call, void* what, void (*erased)()) {
        reinterpret_cast<void (*)(Call&, T&)>(erased)(call, *static_cast<T*>(what));
      },
      reinterpret_cast<void (*)()>(function), static_cast<Ref&&>(held), inside);
}

}  // namespace dd::py
