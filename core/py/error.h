// Python errors around our own code.
//
//   ErrorKeep   saves the pending error, if any, and puts it back: for code that runs while the
//               application's exception is on its way.
//   Phase       one piece of our code that CPython called (a hook, a method of ours that must not
//               raise). What Python raised inside it and we left behind is dropped if it is an
//               Exception. What is not an Exception (KeyboardInterrupt, SystemExit, CancelledError,
//               GeneratorExit) belongs to the application: it is kept and raised at the end.
//
// All of it needs the GIL and belongs to the thread that runs.

#pragma once

#include <Python.h>

#include "core/py/compat/compat.h"
#include "core/py/ref.h"

namespace dd::py {

class ErrorKeep {
 public:
  ErrorKeep() : error_(compat::take_error()) {}
  ~ErrorKeep() { compat::put_error(error_); }
  ErrorKeep(const ErrorKeep&) = delete;
  ErrorKeep& operator=(const ErrorKeep&) = delete;

  explicit operator bool() const { return compat::is_set(error_); }
  // The exception's instance, made if it does not exist yet, with its traceback. Empty when no
  // error was pending.
  Handle instance() { return compat::error_instance(error_); }
  // Replaces what will be put back; the old error becomes the new one's context.
  void supersede(Ref exception);

 private:
  compat::PendingError error_;
};

// The interrupt kept by swallow_error() in this thread, handed over; empty when there was none.
Ref take_interrupt();
// Whether one is kept: one load, for hot paths.
bool interrupt_kept();
// Makes `exception` the pending error.
void raise(Ref exception);
// A pending error, taken out as its instance with traceback. Empty when none is set.
Ref take_exception();

enum class PhaseEnd : unsigned char {
  kClean,      // nothing was left behind
  kFaulty,     // an Exception had been left behind; it is dropped
  kInterrupt,  // the pending error is set to an interrupt
};

// To be called after our code, with no error of the application's pending.
PhaseEnd end_phase();

}  // namespace dd::py
