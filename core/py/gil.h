// The GIL as scopes.
//
//   GilScope  holds the GIL for its lifetime; any thread may create one. It is empty once the
//             interpreter is shutting down: skip the work then.
//   GilGap    lets go of the GIL around blocking native work.
//
// GIL first, or not at all: none of our locks is held while either of them is made.

#pragma once

#include <Python.h>

namespace dd::py {

bool interpreter_alive();  // false before initialisation and from the start of finalization

class GilScope {
 public:
  GilScope() : held_(interpreter_alive()) {
    if (held_) state_ = PyGILState_Ensure();
  }
  ~GilScope() {
    if (held_) PyGILState_Release(state_);
  }
  GilScope(const GilScope&) = delete;
  GilScope& operator=(const GilScope&) = delete;
  explicit operator bool() const { return held_; }

 private:
  const bool held_;
  PyGILState_STATE state_{};
};

class GilGap {
 public:
  GilGap() : state_(PyEval_SaveThread()) {}
  ~GilGap() { PyEval_RestoreThread(state_); }
  GilGap(const GilGap&) = delete;
  GilGap& operator=(const GilGap&) = delete;

 private:
  PyThreadState* const state_;
};

}  // namespace dd::py
