// What is in force for the code that runs now: "this request", "leave the headers alone".
//
// A thread_local is wrong for that: two greenlets, or two asyncio tasks, share a thread. A
// ContextVariable follows what runs, as contextvars do: each asyncio task starts with a copy of its
// creator's values, each greenlet has its own, a new thread starts with none.
//
//   constinit ContextVariable current("ddtrace_request");
//
//   scope.emplace<InForce>(current, box(Request{...}));    // until the scope of the call ends
//   if (Request* request = unboxed<Request>(current.value())) ...
//
// A flag is the value True:  InForce(quiet, boolean(true));  if (quiet.is_set()) ...
//
// What must be in force inside a coroutine is set in `begin`, not in `enter` (core/py/hook.h); the
// InForce then belongs into the state that `enter` left in the scope.
//
// Reading costs some 10 ns, a change the same, or 100 where the context has been copied since the
// last one. All of it needs the GIL and raises nothing.

#pragma once

#include <Python.h>

#include <new>
#include <type_traits>
#include <utility>

#include "core/py/ref.h"

namespace dd::py {

// The same for any variable; for those that ContextVariable cannot stand for.
void set_context_variable(PyObject* variable, Handle value);
Ref read_context_variable(PyObject* variable);  // its default, or empty, where it is not set

class ContextVariable {
 public:
  // The name shows in contextvars.copy_context() while a value is set.
  explicit constexpr ContextVariable(const char* name) : name_(name) {}
  ContextVariable(const ContextVariable&) = delete;
  ContextVariable& operator=(const ContextVariable&) = delete;

  Ref value() const;  // empty when nothing is in force
  bool is_set() const { return static_cast<bool>(value()); }
  void set(Handle value) const;  // empty: nothing

 private:
  PyObject* variable() const;

  const char* name_;
  mutable PyObject* variable_ = nullptr;  // for the life of the process
};

// Sets a variable for its lifetime, and then puts back what was before. When it ends elsewhere (a
// generator that was dropped, in whatever runs at that moment), that place keeps its own value.
class [[nodiscard]] InForce {
 public:
  InForce() = default;
  InForce(const ContextVariable& variable, Ref value);
  InForce(InForce&& other) noexcept
      : variable_(std::exchange(other.variable_, nullptr)),
        value_(static_cast<Ref&&>(other.value_)),
        before_(static_cast<Ref&&>(other.before_)) {}
  InForce& operator=(InForce&& other) noexcept {
    end();
    variable_ = std::exchange(other.variable_, nullptr);
    value_ = static_cast<Ref&&>(other.value_);
    before_ = static_cast<Ref&&>(other.before_);
    return *this;
  }
  ~InForce() { end(); }

  void end();
  explicit operator bool() const { return variable_ != nullptr; }

 private:
  const ContextVariable* variable_ = nullptr;
  Ref value_, before_;
};

// A C++ value as a Python object, for what can hold only those. It is destroyed with the object.
struct BoxKind {
  void (*drop)(void*);
};
Ref make_box(const BoxKind& kind, std::size_t size, void** room);
void* open_box(Handle box, const BoxKind& kind);  // null when it is not of that kind

template <class T>
inline constexpr BoxKind kBoxKind{[](void* value) { static_cast<T*>(value)->~T(); }};

template <class T>
Ref box(T value) {
  static_assert(alignof(T) <= 16 && std::is_nothrow_move_constructible_v<T>);
  void* room = nullptr;
  Ref made = make_box(kBoxKind<T>, sizeof(T), &room);
  if (made) new (room) T(std::move(value));
  return made;
}
// Null when it is no box of a T. Lives as long as the box: keep the Ref.
template <class T>
T* unboxed(Handle object) {
  return static_cast<T*>(open_box(object, kBoxKind<T>));
}

}  // namespace dd::py
