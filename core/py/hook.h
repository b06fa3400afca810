// The hook engine: native code before and after a Python callable.
//
// A hook is two plain functions. `enter` runs before the target, `leave` after
// it, with the result or the exception. The engine owns everything else: the
// call to the target, coroutines and generators (`leave` then runs when the
// awaited work ends), unpatching, and the firewall: whatever a hook does
// wrong, the application sees its own result or its own exception.

#pragma once

#include <cstdint>
#include <span>

#include "core/py/name.h"
#include "core/py/ref.h"

namespace dd::py {

// The call as the application made it.
struct Call {
  Handle self;                      // empty for plain functions
  std::span<PyObject* const> args;  // positional then keyword values
  Handle kwnames;                   // tuple of keyword names, or empty
  Handle arg(int position, const Name& name) const;
  void replace_arg(int position, const Name& name, Ref value);  // engine keeps it alive
};

// How the call ended: exactly one of the two is set.
struct Outcome {
  Handle result;
  Handle error;
};

// Room for a hook's state between enter and leave, inside the engine's frame.
class Scope {
 public:
  template <class T, class... Args>
  T& emplace(Args&&... args) {
    static_assert(sizeof(T) <= sizeof(room_), "hook state too large; keep a pointer");
    T* made = new (room_) T{static_cast<Args&&>(args)...};
    drop_ = [](void* p) { static_cast<T*>(p)->~T(); };
    return *made;
  }
  template <class T>
  T* get() {
    return drop_ ? reinterpret_cast<T*>(room_) : nullptr;
  }
  Scope() = default;
  ~Scope() {
    if (drop_) drop_(room_);
  }
  Scope(const Scope&) = delete;

 private:
  alignas(16) unsigned char room_[160];
  void (*drop_)(void*) = nullptr;
};

// A module already in sys.modules, or empty. Never imports.
Handle imported(const char* module);

enum class Kind : std::uint8_t { kCall, kAwaitable, kIterator, kContextManager };

struct Target {
  const char* where;                      // "requests.sessions:Session.send"
  void (*enter)(const Call&, Scope&);     // may be null
  void (*leave)(const Outcome&, Scope&);  // may be null
  Kind kind = Kind::kCall;
  const char* versions = "";  // ">=3.0" or empty for all
};

}  // namespace dd::py
