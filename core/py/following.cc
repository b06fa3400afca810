#include "core/py/following.h"

#include <new>
#include <utility>

#include "core/py/engine.h"
#include "core/py/error.h"

namespace dd::py {
namespace {

// What was dropped last is made again first. Written by threads that hold the GIL.
constinit Following* spare = nullptr;
constinit int spares = 0;
constexpr int kMostSpares = 64;

void* take_room() {
  if (spare == nullptr || !compat::kHasGil) return PyObject_Malloc(sizeof(Following));
  --spares;
  return std::exchange(spare, spare->next);
}

void drop(Following* following) {
  if (following->hook != nullptr) following->hook->release();
  following->scope.reset();
  if (spares == kMostSpares || !compat::kHasGil) {
    PyObject_Free(following);
    return;
  }
  ++spares;
  following->next = std::exchange(spare, following);
}

// One hook of the chain hears of the end.
PyObject* tell_one_end(Following& one, PyObject* result, Handle error) {
  Outcome outcome(result, error, one.data, one.hook);
  const char* what = guarded([&] {
    if (one.watch.end != nullptr) one.watch.end(outcome, one.scope);
  });
  if (const char* late = dropped(one.scope)) what = late;
  if (settle(one.hook, "leave", what) == PhaseEnd::kInterrupt) {
    Py_XDECREF(result);
    return nullptr;
  }
  if (what == nullptr) {
    if (Ref replacement = outcome.take_replacement()) {
      Py_DECREF(result);
      return replacement.release();
    }
  }
  return result;
}

}  // namespace

Following* make_following(const Wish& wish, Scope& scope) {
  void* room = take_room();
  if (room == nullptr) return nullptr;
  auto* made = new (room) Following{.watch = wish.watch,
                                    .data = wish.data,
                                    .hook = wish.hook,
                                    .begun = wish.watch.begin == nullptr,
                                    .scope = static_cast<Scope&&>(scope)};
  if (made->hook != nullptr) made->hook->retain();
  return made;
}

void append(Following* chain, Following* last) {
  while (chain->next != nullptr) chain = chain->next;
  chain->next = last;
}

bool tell_begin(Following* chain) {
  for (Following* one = chain; one != nullptr; one = one->next) {
    if (one->begun) continue;
    one->begun = true;
    const char* what = guarded([&] { one->watch.begin(one->scope); });
    if (settle(one->hook, "begin", what) == PhaseEnd::kInterrupt) return false;
  }
  return true;
}

bool tell_item(Following* chain, Handle item) {
  for (Following* one = chain; one != nullptr; one = one->next) {
    if (one->watch.item == nullptr) continue;
    const char* what = guarded([&] { one->watch.item(item, one->scope); });
    if (settle(one->hook, "item", what) == PhaseEnd::kInterrupt) return false;
  }
  return true;
}

PyObject* tell_end(Following* chain, PyObject* result) {
  while (chain != nullptr) {
    Following* one = chain;
    chain = one->next;
    if (result != nullptr) {
      result = tell_one_end(*one, result, nullptr);
    } else {
      ErrorKeep keep;
      (void)tell_one_end(*one, nullptr, keep.instance());
      keep.supersede(take_exception());
    }
    drop(one);
  }
  return result;
}

void tell_abandoned(Following* chain) {
  const ErrorKeep keep;
  (void)tell_end(chain, nullptr);
  if (PyErr_Occurred() != nullptr) PyErr_WriteUnraisable(nullptr);
}

Ref follow(Handle result, Kind kind, const Wish& wish, Scope& scope) {
  if (!result) return {};
  if (Ref followed = follow_generator(result, kind, wish, scope)) return followed;
  return follow_by_stand_in(result, kind, wish, scope);
}

PyObject* stop_with(PyObject* result) {
  if (result == Py_None) {
    Py_DECREF(result);
    return nullptr;
  }
  if (!PyTuple_Check(result) && !PyExceptionInstance_Check(result)) {
    PyErr_SetObject(PyExc_StopIteration, result);
  } else if (const Ref stop = Ref::steal(PyObject_CallOneArg(PyExc_StopIteration, result))) {
    PyErr_SetObject(PyExc_StopIteration, stop.ptr());
  }
  Py_DECREF(result);
  return nullptr;
}

// Without calling the class, and without what was handled when it was raised.
PyObject* stop_unseen_with(PyObject* result) {
  if (!compat::kAwaitIterates || result == Py_None) return stop_with(result);
  auto* const type = reinterpret_cast<PyTypeObject*>(PyExc_StopIteration);
  PyObject* const args = PyTuple_New(1);
  PyObject* const made = args != nullptr ? type->tp_alloc(type, 0) : nullptr;
  if (made == nullptr) {
    Py_XDECREF(args);
    PyErr_Clear();
    return stop_with(result);
  }
  PyTuple_SET_ITEM(args, 0, Py_NewRef(result));
  auto* const stop = reinterpret_cast<PyStopIterationObject*>(made);
  stop->args = args;
  stop->value = result;
  compat::PendingError error;
  error.value = made;
  compat::put_error(error);
  return nullptr;
}

PyObject* stop_value() {
  if (PyErr_Occurred() == nullptr) return Py_NewRef(Py_None);
  if (!PyErr_ExceptionMatches(PyExc_StopIteration)) return nullptr;
  const Ref stop = take_exception();
  PyObject* value = reinterpret_cast<PyStopIterationObject*>(stop.ptr())->value;
  return Py_NewRef(value != nullptr ? value : Py_None);
}

PySendResult send_to(PyObject* iterator, PyObject* value, PyObject** out) {
  const PyAsyncMethods* async = Py_TYPE(iterator)->tp_as_async;
  if (async != nullptr && async->am_send != nullptr) return async->am_send(iterator, value, out);
  if (value == Py_None && Py_TYPE(iterator)->tp_iternext != nullptr) {
    *out = Py_TYPE(iterator)->tp_iternext(iterator);
  } else {
    static constinit Name kSend("send");
    *out = PyObject_CallMethodOneArg(iterator, kSend.ptr(), value);
    if (*out == nullptr && PyErr_Occurred() == nullptr) return PYGEN_ERROR;
  }
  if (*out != nullptr) return PYGEN_NEXT;
  *out = stop_value();
  return *out != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
}

}  // namespace dd::py
