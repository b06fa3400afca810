// Objects that stand for another one: they forward everything and say they are of the same class.
// Made for results that a hook follows and for callables that cannot be hooked in place.
//
// Each class that is stood in for has a class of ours that mirrors it: it has the same special
// methods, so operators, `with`, `len()` and the like work when they did, and fail as they did.
// What shows a difference: type(x), `is`, and C code that looks into the object.

#pragma once

#include "core/py/following.h"

namespace dd::py {

// What a method of a stand-in does besides calling the method of the same name.
enum class Op : unsigned char {
  kForward,
  kCompare,  // with a stand-in: with what it stands for
  kCopy,     // the copy of what is its own copy is the stand-in
  kIterate,
  kNext,
  kSend,
  kThrow,
  kClose,
  kBind,  // as an attribute of a class
  kEnter,
  kExit,
  // These return something to be awaited; kAwait is what `await` itself calls.
  kAwait,
  kAsyncIterate,
  kAsyncNext,
  kAsyncClose,
  kAsyncEnter,
  kAsyncExit,
};

struct StandIn {
  PyObject_HEAD
  PyObject* inner;
  PyObject* owner;   // the stand-in whose end this one's is; null when it is its own
  Following* chain;  // null once the end has been told
  Hook* hook;        // of a callable
  vectorcallfunc vectorcall;
  PyObject* weakrefs;
  Kind kind;
};

bool is_stand_in(PyObject* object);
inline StandIn& as_stand_in(PyObject* object) { return *reinterpret_cast<StandIn*>(object); }
// New; empty when the class could not be mirrored. Takes over `chain` when it succeeds.
Ref make_stand_in(Handle inner, Kind kind, Following* chain, Hook* hook, Handle owner);
// The one whose end it is.
StandIn& root_of(PyObject* self);

// Ends. Each answers like tell_end(), with nothing to do the second time.
PyObject* end_with(StandIn& root, PyObject* result);
// A step of an iteration: `item`, or null at its end or with an error pending.
PyObject* tell_step(StandIn& root, PyObject* item);
// A `with` block ended with `exception` (None when it did not raise). False: an interrupt is
// pending.
bool end_block(StandIn& root, Handle exception);

// An object to be awaited that drives `awaitable` and tells `root` as `op` asks. Takes it over;
// null passes through.
PyObject* make_step(PyObject* root, PyObject* awaitable, Op op, PyObject* exception);
// Drives what `await` drives on the object itself (a coroutine of another make).
PyObject* step_on_inner(PyObject* self, Op op, PyObject* const* args, Py_ssize_t count);

// Follows an asyncio future by its callbacks; empty when it is none.
Ref follow_future(Handle result, const Wish& wish, Scope& scope);

}  // namespace dd::py
