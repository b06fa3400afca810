// What differs between CPython versions, one small function per difference. PY_VERSION_HEX is
// tested in this folder and nowhere else.

#pragma once

#include <Python.h>
#include <frameobject.h>
#include <opcode.h>

#include <atomic>

namespace dd::py::compat {

// object.name without an AttributeError. 1 found, 0 absent, -1 another error is set.
inline int optional_attr(PyObject* object, PyObject* name, PyObject** out) {
#if PY_VERSION_HEX >= 0x030D0000
  return PyObject_GetOptionalAttr(object, name, out);
#else
  return _PyObject_LookupAttr(object, name, out);
#endif
}

// object.name, or the function of a method that would be bound. Null with an error set.
inline void get_method(PyObject* object, PyObject* name, PyObject** out) {
#if PY_VERSION_HEX >= 0x030D0000
  *out = PyObject_GetAttr(object, name);
#else
  if (_PyObject_GetMethod(object, name, out) != 0) return;
#endif
  if (*out != nullptr && PyMethod_Check(*out) && PyMethod_GET_SELF(*out) == object)
    Py_SETREF(*out, Py_NewRef(PyMethod_GET_FUNCTION(*out)));
}

// A number that this class has as long as nobody changes it, and no other class ever; 0: none.
inline unsigned class_version([[maybe_unused]] PyObject* type) {
#if defined(Py_GIL_DISABLED)
  return 0;
#else
  const auto* const known = reinterpret_cast<const PyTypeObject*>(type);
#if PY_VERSION_HEX < 0x030E0000
  if (!(known->tp_flags & Py_TPFLAGS_VALID_VERSION_TAG)) return 0;
#endif
  return known->tp_version_tag;
#endif
}

inline bool is_finalizing() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

// A pointer of ours on a code object, freed with it. Indices are given out once a process; -1:
// none.
inline Py_ssize_t new_code_extra(freefunc release) {
#if PY_VERSION_HEX >= 0x030C0000
  return PyUnstable_Eval_RequestCodeExtraIndex(release);
#else
  return _PyEval_RequestCodeExtraIndex(release);
#endif
}
inline int code_extra(PyCodeObject* code, Py_ssize_t index, void** extra) {
#if PY_VERSION_HEX >= 0x030C0000
  return PyUnstable_Code_GetExtra(reinterpret_cast<PyObject*>(code), index, extra);
#else
  return _PyCode_GetExtra(reinterpret_cast<PyObject*>(code), index, extra);
#endif
}
inline int set_code_extra(PyCodeObject* code, Py_ssize_t index, void* extra) {
#if PY_VERSION_HEX >= 0x030C0000
  return PyUnstable_Code_SetExtra(reinterpret_cast<PyObject*>(code), index, extra);
#else
  return _PyCode_SetExtra(reinterpret_cast<PyObject*>(code), index, extra);
#endif
}

// A pending error, taken out of the thread state exactly as it is. Up to 3.11 it holds three parts,
// and the instance may not have been made yet.
#if PY_VERSION_HEX >= 0x030C0000
struct PendingError {
  PyObject* value = nullptr;
};
inline PendingError take_error() { return {PyErr_GetRaisedException()}; }
inline void put_error(PendingError error) {
  if (error.value == nullptr && PyErr_Occurred() == nullptr) return;  // nearly always
  PyErr_SetRaisedException(error.value);
}
inline bool is_set(const PendingError& error) { return error.value != nullptr; }
inline PyObject* error_type(const PendingError& error) {
  return reinterpret_cast<PyObject*>(Py_TYPE(error.value));
}
inline void drop_error(PendingError error) { Py_XDECREF(error.value); }
// The exception instance, borrowed, with its traceback.
inline PyObject* error_instance(PendingError& error) { return error.value; }
#else
struct PendingError {
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
};
inline PendingError take_error() {
  PendingError error;
  PyErr_Fetch(&error.type, &error.value, &error.traceback);
  return error;
}
inline void put_error(PendingError error) {
  if (error.type == nullptr && PyErr_Occurred() == nullptr) return;  // nearly always
  PyErr_Restore(error.type, error.value, error.traceback);
}
inline bool is_set(const PendingError& error) { return error.type != nullptr; }
inline PyObject* error_type(const PendingError& error) { return error.type; }
inline void drop_error(PendingError error) {
  Py_XDECREF(error.type);
  Py_XDECREF(error.value);
  Py_XDECREF(error.traceback);
}
inline PyObject* error_instance(PendingError& error) {
  if (error.type == nullptr) return nullptr;
  PyErr_NormalizeException(&error.type, &error.value, &error.traceback);
  if (error.traceback != nullptr) PyException_SetTraceback(error.value, error.traceback);
  return error.value;
}
#endif

// The object of a weak reference, as a new reference, or null when it is gone.
inline PyObject* weak_target(PyObject* weak) {
#if PY_VERSION_HEX >= 0x030D0000
  PyObject* target = nullptr;
  return PyWeakref_GetRef(weak, &target) == 1 ? target : nullptr;
#else
  PyObject* target = PyWeakref_GetObject(weak);
  return target == Py_None ? nullptr : Py_XNewRef(target);
#endif
}

// The exception that is being handled, as a new reference, or null.
inline PyObject* handled_exception() {
#if PY_VERSION_HEX >= 0x030B0000
  return PyErr_GetHandledException();
#else
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_GetExcInfo(&type, &value, &traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return value;
#endif
}

// Groups of exceptions; before there were any, another that is not shown simply either.
inline PyObject* exception_group() {
#if PY_VERSION_HEX >= 0x030B0000
  return PyExc_BaseExceptionGroup;
#else
  return PyExc_SyntaxError;
#endif
}

// Sets what a call of a Python function runs. From 3.12 on the interpreter looks at it before it
// inlines a call; 3.11 looks at the exact type only, see core/py/hook.cc; 3.10 inlines none.
#if PY_VERSION_HEX >= 0x030C0000
inline constexpr bool kVectorcallIsHonoured = true;
inline void set_vectorcall(PyObject* function, vectorcallfunc call) {
  PyFunction_SetVectorcall(reinterpret_cast<PyFunctionObject*>(function), call);
}
#elif PY_VERSION_HEX < 0x030B0000
inline constexpr bool kVectorcallIsHonoured = true;
inline void set_vectorcall(PyObject* function, vectorcallfunc call) {
  reinterpret_cast<PyFunctionObject*>(function)->vectorcall = call;
}
#else
inline constexpr bool kVectorcallIsHonoured = false;
inline void set_vectorcall(PyObject* function, vectorcallfunc call) {
  auto* object = reinterpret_cast<PyFunctionObject*>(function);
  object->func_version = 0;  // specialised instructions look the function up again
  object->vectorcall = call;
}
#endif

// Whether a call of a class may become one of its __init__ without a look at the class's
// vectorcall.
#if PY_VERSION_HEX >= 0x030D0000
inline constexpr bool kInitIsInlined = true;
#else
inline constexpr bool kInitIsInlined = false;
#endif

#ifdef Py_GIL_DISABLED
inline constexpr bool kHasGil = false;
#else
inline constexpr bool kHasGil = true;
#endif

// Whether `await` asks what is no coroutine of CPython's own for its next item; before, it sends.
inline constexpr bool kAwaitIterates = PY_VERSION_HEX >= 0x030C0000;

// A counter that only threads which hold the GIL write.
inline void add(std::atomic<int>& counter, int amount) {
#ifdef Py_GIL_DISABLED
  counter.fetch_add(amount, std::memory_order_acq_rel);
#else
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
#endif
}

// Generators, coroutines and asynchronous generators have one layout. The field is a coroutine's
// origin or an asynchronous generator's finalizer, and unused by generators; in 3.10, where
// generators have none to spare, it is the name.
#if PY_VERSION_HEX >= 0x030B0000
inline constexpr bool kRoomIsName = false;
inline PyObject*& generator_room(PyObject* generator) {
  return reinterpret_cast<PyGenObject*>(generator)->gi_origin_or_finalizer;
}
#else
inline constexpr bool kRoomIsName = true;
inline PyObject*& generator_room(PyObject* generator) {
  return reinterpret_cast<PyGenObject*>(generator)->gi_name;
}
#endif
// 0 while it runs, positive when its frame is gone.
inline int generator_state(PyObject* generator) {
#if PY_VERSION_HEX >= 0x030B0000
  return reinterpret_cast<PyGenObject*>(generator)->gi_frame_state;
#else
  const PyFrameObject* const frame = reinterpret_cast<PyGenObject*>(generator)->gi_frame;
  return frame == nullptr ? int{FRAME_CLEARED} : int{frame->f_state};
#endif
}
inline bool generator_has_run(PyObject* generator) {
#if PY_VERSION_HEX >= 0x030D0000
  return generator_state(generator) > -3;
#else
  return generator_state(generator) > -2;
#endif
}
// Of a generator made by a function marked with types.coroutine.
inline bool generator_is_awaitable(PyObject* generator) {
#if PY_VERSION_HEX >= 0x030C0000
  PyCodeObject* code = PyGen_GetCode(reinterpret_cast<PyGenObject*>(generator));
  const bool is = (code->co_flags & CO_ITERABLE_COROUTINE) != 0;
  Py_DECREF(code);
  return is;
#else
  auto* const code =
      reinterpret_cast<PyCodeObject*>(reinterpret_cast<PyGenObject*>(generator)->gi_code);
  return (code->co_flags & CO_ITERABLE_COROUTINE) != 0;
#endif
}
// Whether sqlite3's methods in C call each other by name, as up to 3.10: a hook sees the inner
// ones.
#if PY_VERSION_HEX >= 0x030B0000
inline constexpr bool kSqliteCallsItself = false;
#else
inline constexpr bool kSqliteCallsItself = true;
#endif

// Whether functools.partial as a class attribute is called with the instance.
#if PY_VERSION_HEX >= 0x030E0000
inline constexpr bool kPartialBinds = true;
#else
inline constexpr bool kPartialBinds = false;
#endif
// What the frame that runs is about to do with an iterable.
enum class Asking : unsigned char {
  kIteration,
  kYieldFrom,           // in a generator
  kCoroutineYieldFrom,  // in what is itself a coroutine
};
inline Asking what_is_asked() {
  PyFrameObject* frame = PyEval_GetFrame();
  if (frame == nullptr) return Asking::kIteration;
  PyCodeObject* code = PyFrame_GetCode(frame);
#if PY_VERSION_HEX >= 0x030B0000
  PyObject* bytes = PyCode_GetCode(code);
  const int at = PyFrame_GetLasti(frame);
#else
  PyObject* bytes = Py_NewRef(code->co_code);
  const int at = frame->f_lasti * 2;
#endif
  const bool yields =
      bytes != nullptr && at >= 0 && at < PyBytes_GET_SIZE(bytes) &&
      static_cast<unsigned char>(PyBytes_AS_STRING(bytes)[at]) == GET_YIELD_FROM_ITER;
  const bool is_coroutine = (code->co_flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE)) != 0;
  Py_XDECREF(bytes);
  Py_DECREF(code);
  if (!yields) return Asking::kIteration;
  return is_coroutine ? Asking::kCoroutineYieldFrom : Asking::kYieldFrom;
}

}  // namespace dd::py::compat
