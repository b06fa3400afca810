// What hooks want to know of a result that lives on after its call, and how they are told. Shared
// by results followed in their own object (generator.cc) and those a stand-in is made for
// (stand_in.cc).
//
// All of it needs the GIL.

#pragma once

#include "core/py/hook.h"

namespace dd::py {

// One hook's interest. Several hooks may follow one result: a chain, the first to follow first.
struct Following {
  Following* next = nullptr;
  Watch watch;
  const void* data = nullptr;
  Hook* hook = nullptr;  // whose fault it is; may be null
  bool begun = false;
  // Of the first of a chain, for generator.cc:
  bool all_begun = false;
  bool started = false;     // the code has run
  PyObject* own = nullptr;  // what CPython keeps where the chain is
  Scope scope;
};

// What a hook asks for.
struct Wish {
  Watch watch;
  const void* data;
  Hook* hook;  // may be null
};

// Takes the scope's state along. Null, and the scope untouched, when memory ran out.
Following* make_following(const Wish& wish, Scope& scope);
void append(Following* chain, Following* last);

// No error may be pending. False: an interrupt is the pending error.
[[nodiscard]] bool tell_begin(Following* chain);
[[nodiscard]] bool tell_item(Following* chain, Handle item);
// The end, and the end of the chain. `result` is given and returned owned; null with an error
// pending when it raised. Null with no error pending is an end that never came: then, and only
// then, null may come back with no error pending.
[[nodiscard]] PyObject* tell_end(Following* chain, PyObject* result);
// The end that never came, where nothing can be raised.
void tell_abandoned(Following* chain);

// Follows `result`: in its own object where that can be done, else by a stand-in. Empty, and the
// scope untouched, when it is not of that kind. A new reference to what the application gets.
Ref follow(Handle result, Kind kind, const Wish& wish, Scope& scope);

// The parts of follow(): coroutines and generators; everything else.
Ref follow_generator(Handle result, Kind kind, const Wish& wish, Scope& scope);
Ref follow_by_stand_in(Handle result, Kind kind, const Wish& wish, Scope& scope);

// The end of an iteration as its caller wants it: a pending StopIteration, except that a result of
// None needs none.
PyObject* stop_with(PyObject* result);  // takes it over; returns null
// The same for `await`, which from 3.12 on asks for the next item and takes the value out of the
// exception at once: nobody sees what that one was raised in, and it costs half as much.
PyObject* stop_unseen_with(PyObject* result);
// A pending StopIteration, taken out as its value; null when another error is pending.
PyObject* stop_value();
// Sends like PyIter_Send, to anything that can be awaited or iterated.
PySendResult send_to(PyObject* iterator, PyObject* value, PyObject** out);

}  // namespace dd::py
