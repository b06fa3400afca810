// The hook engine: native code before and after a Python callable.
//
// A hook is two plain functions and a row in a table. `enter` runs before the target, `leave` after
// it, with the result or the exception. The engine owns everything else: the call to the target
// (once, with exactly the application's arguments), coroutines and generators (`leave` then runs
// when the work ends), unpatching, and the firewall: whatever a hook does wrong, the application
// sees its own result or its own exception.
//
//   void enter_send(Call& call, Scope& scope) { ... call.arg(0, kRequest) ... }
//   void leave_send(Outcome& outcome, Scope& scope) { ... outcome.result ... outcome.error ... }
//   constexpr Target kTargets[] = {{"requests.sessions:Session.send", enter_send, leave_send}};
//   Patch patch;  PatchReport report = patch.apply(kTargets, "2.31.0");
//
// Work that goes on after the call (a coroutine, a generator, an asynchronous generator) is
// followed when the target's kind says so: `leave` then runs when it ends. The application gets the
// very same object, with its frame, origin and warnings.
//
//   constexpr Target kTargets[] = {{.where = "aiohttp.client:ClientSession._request",
//                                   .enter = enter, .leave = leave,
//                                   .kind = Kind::kAwaitable, .begin = begin}};
//
// Context variables: `enter` runs at the call, in the caller's context, which may not be the one
// the coroutine runs in (asyncio.gather copies it for each). What must be seen by the code inside,
// and by nobody else, such as an active span, is set in `begin`: it runs right before the first
// step, in the context the coroutine runs in. From there asyncio carries it across each suspension,
// as it does for a `with` block inside the coroutine, and `leave` runs in the same context after
// the last step, so what `begin` set is there to be taken back. Never begun means never run:
// `leave` then is told that it was abandoned. A generator that is dropped unfinished may be left in
// any context.
//
// What the application can see stays as it was. Python functions, C functions and methods of C
// types, functools.partial and whatever else has its own vectorcall are changed in place, so
// identity holds and references taken earlier are hooked too. An object of a class with a
// `__call__` in Python, and a method bound to one object, are hooked there, for that object only.
// An inherited method is hooked where it is defined and fires for instances of the named class
// only. Other callables (lru_cache) are replaced by an object that is the same in all but
// `type(x)`; references taken earlier are not hooked. A class is hooked where it is called to make
// an instance, not its subclasses. Most slots of C types are reported as missing.
//
// Results of other makes than CPython's coroutines and generators are followed by such an object
// too; asyncio's futures by their callbacks, and then what `leave` puts in place of the result is
// ignored.
//
// All of it needs the GIL. Hooks run on the thread that calls the target.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/status.h"
#include "core/py/name.h"
#include "core/py/ref.h"

namespace dd::py {

class Hook;

// When `leave` runs. `enter` runs at the call in every kind. A call whose result is not of the kind
// (a function that may return a value or a coroutine) is left at once, with that result.
enum class Kind : std::uint8_t {
  kCall,           // when the call returns
  kAwaitable,      // when what the call returned has been awaited to its end
  kIterator,       // when what it returned is exhausted, raises, is closed, or its block has ended
  kAsyncIterator,  // the same with `async for`
  // When the `with` or `async with` block of what it returned has ended; the error is the block's,
  // also when it was swallowed. Watch::item sees what `as` names.
  kContextManager,
};

// The call as the application made it. Valid during `enter` only.
class Call {
 public:
  // `vector` are the positional arguments followed by the keywords' values.
  Call(PyObject* const* vector, std::size_t positional, PyObject* kwnames, bool method,
       const void* data, PyObject* callable = nullptr)
      : vector_(vector),
        positional_(positional),
        kwnames_(kwnames),
        data_(data),
        callable_(callable),
        method_(method && positional > 0) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // The object a method is called on, or the class for a classmethod or `__new__`; empty for plain
  // functions.
  Handle self() const { return method_ ? vector_[0] : nullptr; }
  // Positional arguments after self, and the names and values of the keywords.
  std::span<PyObject* const> positional() const {
    return {vector_ + (method_ ? 1 : 0), positional_ - (method_ ? 1 : 0)};
  }
  std::size_t keyword_count() const {
    return kwnames_ != nullptr ? static_cast<std::size_t>(PyTuple_GET_SIZE(kwnames_)) : 0;
  }
  Handle keyword_name(std::size_t index) const {
    return PyTuple_GET_ITEM(kwnames_, static_cast<Py_ssize_t>(index));
  }
  Handle keyword_value(std::size_t index) const { return vector_[positional_ + index]; }

  // By position after self, else by keyword; empty when the caller gave neither (its default then
  // applies, which the engine does not look up).
  Handle arg(int position, const Name& name) const;
  Handle arg(int position) const;
  Handle arg(const Name& name) const;  // keyword only

  // The target gets `value` instead. When the caller did not pass the argument it is added as a
  // keyword. The second form knows positions only and is false when there is no such argument.
  bool replace_arg(int position, const Name& name, Ref value);
  bool replace_arg(int position, Ref value);
  bool replace_arg(const Name& name, Ref value);  // keyword only

  const void* data() const { return data_; }  // Target::data
  // What was called: a Python function, the object itself; a C function, one that does the same.
  Handle callable() const { return callable_; }

 private:
  friend class Hook;
  struct Rewrite;
  struct DropRewrite {
    void operator()(Rewrite* rewrite) const;
  };
  std::ptrdiff_t find_keyword(const Name& name) const;
  Rewrite& rewrite();
  bool put(std::size_t index, Ref value);
  bool add_keyword(const Name& name, Ref value);

  PyObject* const* vector_;
  std::size_t positional_;
  PyObject* kwnames_;
  const void* data_;
  PyObject* callable_;
  const bool method_;
  std::unique_ptr<Rewrite, DropRewrite> rewrite_;
};

// Room for a hook's state between enter and leave, inside the engine's frame. The state moves with
// the scope when a hook follows a result past the end of the call.
class Scope {
 public:
  Scope() = default;
  Scope(Scope&& other) noexcept { take(other); }
  Scope& operator=(Scope&&) = delete;
  ~Scope() { reset(); }

  template <class T, class... Args>
  T& emplace(Args&&... args) {
    static_assert(sizeof(T) <= kRoom, "hook state too large; keep a pointer");
    static_assert(alignof(T) <= alignof(std::max_align_t));
    static_assert(std::is_nothrow_move_constructible_v<T>);
    reset();
    T* made = new (room_) T{static_cast<Args&&>(args)...};
    type_ = &kType<T>;
    return *made;
  }
  // The state, or null when there is none or it is of another type.
  template <class T>
  T* get() {
    return type_ == &kType<T> ? std::launder(reinterpret_cast<T*>(room_)) : nullptr;
  }
  bool empty() const { return type_ == nullptr; }
  void reset() {
    if (type_ == nullptr) return;
    const Type* type = type_;
    type_ = nullptr;
    type->drop(room_);
  }

 private:
  struct Type {
    void (*drop)(void*);
    void (*move)(void* to, void* from);
  };
  template <class T>
  static constexpr Type kType{[](void* p) { static_cast<T*>(p)->~T(); },
                              [](void* to, void* from) {
                                new (to) T(static_cast<T&&>(*static_cast<T*>(from)));
                                static_cast<T*>(from)->~T();
                              }};
  void take(Scope& other) {
    type_ = other.type_;
    other.type_ = nullptr;
    if (type_ != nullptr) type_->move(room_, other.room_);
  }

  static constexpr std::size_t kRoom = 160;
  const Type* type_ = nullptr;
  alignas(std::max_align_t) unsigned char room_[kRoom];
};

// What a hook wants to see of a result that lives on after the call.
struct Watch {
  void (*item)(Handle item, Scope&) = nullptr;    // each item of an iterator
  void (*end)(class Outcome&, Scope&) = nullptr;  // exactly once: end, exception, close, drop
  // Before the first step of a coroutine, generator or block, in the context that it runs in.
  void (*begin)(Scope&) = nullptr;
};

// How the call ended. Valid during `leave` only.
class Outcome {
 public:
  Outcome(Handle result_, Handle error_, const void* data, Hook* hook = nullptr)
      : result(result_), error(error_), data_(data), hook_(hook) {}
  Outcome(const Outcome&) = delete;
  Outcome& operator=(const Outcome&) = delete;

  const Handle result;  // empty when it raised or never came to an end
  const Handle error;   // the exception with its traceback, or empty

  // Both are empty: a generator, coroutine or block that was closed or dropped before its end.
  bool abandoned() const { return !result && !error; }
  // The application gets `value` as result instead. Only when there is a result.
  void replace(Ref value);
  // Follows the result: replaces it by an object that behaves like it and tells `watch` what
  // happens to it. The scope's state goes along and `scope` is empty afterwards. `watch` must be a
  // constant. False, and nothing done, when there is no result or it is not of that kind.
  bool follow(Kind kind, const Watch& watch, Scope& scope);

  const void* data() const { return data_; }                           // Target::data
  Ref take_replacement() { return static_cast<Ref&&>(replacement_); }  // the engine's

 private:
  friend class Hook;
  const void* data_;
  Hook* hook_;
  Ref replacement_;
};

using Enter = void (*)(Call&, Scope&);
using Leave = void (*)(Outcome&, Scope&);

// One row of an integration's table.
struct Target {
  const char* where;      // "requests.sessions:Session.send"
  Enter enter = nullptr;  // may be null
  Leave leave = nullptr;  // may be null; runs also when enter failed
  Kind kind = Kind::kCall;
  const char* versions = "";        // of the library: ">=3.0", ">=1.2,<2"; empty for all
  bool optional = false;            // may be missing without holding the others back
  const void* data = nullptr;       // for engines whose hooks serve many targets
  void (*begin)(Scope&) = nullptr;  // for kinds other than kCall; see Watch::begin
};

struct PatchReport {
  int applied = 0;                   // hooked now
  int already = 0;                   // hooked before
  int waiting = 0;                   // their module is not imported yet: apply again when it is
  int skipped = 0;                   // not for this version
  std::vector<std::string> missing;  // "flask:Flask.gone: no such attribute"
  bool held_back = false;            // a required target is missing: nothing was applied
  Status status() const;             // one sentence for the user, ok when nothing is missing
};

// The hooks of one integration. Destroying a Patch leaves the hooks in place; remove() undoes them.
class Patch {
 public:
  Patch() = default;
  Patch(const Patch&) = delete;
  Patch& operator=(const Patch&) = delete;

  // Hooks every target whose module is imported, all of them or none. Call again after each import
  // of one of their modules: what is hooked stays as it is. `targets` must be constants.
  PatchReport apply(std::span<const Target> targets, std::string_view library_version = {});
  // Hooks a Python function that the application made, and that no name leads to, or the function
  // of a method, for every object; false when it cannot be hooked or is already. Its hook goes when
  // the function does. `target` must be a constant; its `where` is for reports. At most half of all
  // hooks there can be are for such functions.
  bool adopt(Handle function, const Target& target);
  // Puts everything back as it was. Where another tool has wrapped ours in the meantime, the hook
  // stays and only passes calls through.
  void remove();

  bool empty() const { return hooks_.empty(); }
  // Faults of this patch's hooks since the start of the process.
  std::uint64_t faults() const;

 private:
  void forget_dead();

  std::vector<Hook*> hooks_;
};

// Every fault of every hook in this process, for telemetry. Any thread.
std::uint64_t hook_faults();
// Called with the place ("flask:Flask.wsgi_app leave") and what went wrong at the first fault of a
// hook, and once more when it is taken out. Null: only the debug log.
using FaultReport = void (*)(std::string_view place, std::string_view what);
void set_fault_report(FaultReport report);

// Whether `version` is in the range: ">=1.2,<2". An empty range is all, an unknown version matches.
bool version_matches(std::string_view version, std::string_view range);

}  // namespace dd::py
