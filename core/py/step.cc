// What `await` drives when a stand-in is awaited, iterated with `async for` or entered with
// `async with`; and asyncio's futures, which need no stand-in.

#include <utility>

#include "core/py/context.h"
#include "core/py/error.h"
#include "core/py/method.h"
#include "core/py/stand_in.h"

namespace dd::py {
namespace {

constinit Name kStepSend("send"), kStepThrow("throw"), kStepClose("close");

struct AwaitStep {
  PyObject_HEAD
  PyObject* root;
  PyObject* awaitable;
  PyObject* iterator;   // once somebody drives it
  PyObject* exception;  // of the block that ends
  Op op;
};
constinit PyTypeObject await_step_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

AwaitStep& await_step(PyObject* self) { return *reinterpret_cast<AwaitStep*>(self); }

PySendResult told_step(StandIn& root, Op op, PyObject* exception, PySendResult sent,
                       PyObject** out) {
  if (sent == PYGEN_NEXT || root.chain == nullptr) return sent;
  switch (op) {
    case Op::kAsyncNext:
      *out = tell_step(root, sent == PYGEN_RETURN ? *out : nullptr);
      break;
    case Op::kAsyncEnter:
      if (sent == PYGEN_ERROR) {
        *out = end_with(root, nullptr);
      } else {
        const bool block = root.kind == Kind::kContextManager;
        if (block && !tell_item(root.chain, *out)) Py_CLEAR(*out);
        if (*out == root.inner) Py_SETREF(*out, Py_NewRef(reinterpret_cast<PyObject*>(&root)));
      }
      break;
    case Op::kAsyncExit:
      if (sent == PYGEN_ERROR)
        *out = end_with(root, nullptr);
      else if (!end_block(root, exception))
        Py_CLEAR(*out);
      break;
    case Op::kAsyncClose:
      if (sent == PYGEN_ERROR) {
        *out = end_with(root, nullptr);
      } else {
        (void)end_with(root, nullptr);
        if (PyErr_Occurred() != nullptr) Py_CLEAR(*out);
      }
      break;
    default:
      *out = end_with(root, sent == PYGEN_RETURN ? *out : nullptr);
      break;
  }
  return *out != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
}

// The iterator that `await` would drive; CPython's coroutines drive themselves.
PyObject* iterator_of(AwaitStep& step) {
  if (step.iterator != nullptr) return step.iterator;
  const PyAsyncMethods* async = Py_TYPE(step.awaitable)->tp_as_async;
  if (step.op == Op::kAwait || PyCoro_CheckExact(step.awaitable) || async == nullptr ||
      async->am_await == nullptr)
    step.iterator = Py_NewRef(step.awaitable);
  else
    step.iterator = async->am_await(step.awaitable);
  return step.iterator;
}

template <class Drive>
PySendResult drive_await(PyObject* self, PyObject** out, Drive&& drive) {
  AwaitStep& step = await_step(self);
  const Ref held = Ref::borrow(self);
  StandIn& root = root_of(step.root);
  *out = nullptr;
  if (root.chain != nullptr && !tell_begin(root.chain)) return PYGEN_ERROR;
  PyObject* iterator = iterator_of(step);
  const PySendResult sent = iterator != nullptr ? drive(iterator, out) : PYGEN_ERROR;
  return told_step(root, step.op, step.exception, sent, out);
}

PyObject* raised_value(PyObject* value) {
  stop_with(value);
  if (PyErr_Occurred() == nullptr) PyErr_SetNone(PyExc_StopIteration);
  return nullptr;
}

PySendResult by_method(PyObject* object, const Name& name, PyObject* const* args, Py_ssize_t count,
                       PyObject** out) {
  const Ref method = Ref::steal(PyObject_GetAttr(object, name.ptr()));
  *out = method ? PyObject_Vectorcall(method.ptr(), args, static_cast<std::size_t>(count), nullptr)
                : nullptr;
  if (*out != nullptr) return PYGEN_NEXT;
  *out = stop_value();
  return *out != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
}

PySendResult await_send(PyObject* self, PyObject* value, PyObject** out) {
  return drive_await(self, out, [value](PyObject* iterator, PyObject** got) {
    return send_to(iterator, value, got);
  });
}
PyObject* await_next(PyObject* self) {
  PyObject* out = nullptr;
  return await_send(self, Py_None, &out) == PYGEN_RETURN ? stop_with(out) : out;
}
PyObject* await_send_method(PyObject* self, PyObject* value) {
  PyObject* out = nullptr;
  return await_send(self, value, &out) == PYGEN_RETURN ? raised_value(out) : out;
}
PyObject* await_throw(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  PyObject* out = nullptr;
  const PySendResult sent = drive_await(self, &out, [=](PyObject* iterator, PyObject** got) {
    return by_method(iterator, kStepThrow, args, count, got);
  });
  return sent == PYGEN_RETURN ? raised_value(out) : out;
}
PyObject* await_close(PyObject* self, PyObject*) {
  const AwaitStep& step = await_step(self);
  const Ref held = Ref::borrow(self);
  PyObject* driven = step.iterator != nullptr ? step.iterator : step.awaitable;
  const Ref method = Ref::steal(PyObject_GetAttr(driven, kStepClose.ptr()));
  PyObject* out = method ? PyObject_CallNoArgs(method.ptr()) : nullptr;
  if (!method && PyErr_ExceptionMatches(PyExc_AttributeError)) {
    PyErr_Clear();
    out = Py_NewRef(Py_None);
  }
  if (step.op == Op::kAsyncNext || step.op == Op::kAsyncEnter) return out;
  StandIn& root = root_of(step.root);
  if (out == nullptr) return end_with(root, nullptr);
  (void)end_with(root, nullptr);
  if (PyErr_Occurred() != nullptr) Py_CLEAR(out);
  return out;
}
int await_traverse(PyObject* self, visitproc visit, void* arg) {
  const AwaitStep& step = await_step(self);
  Py_VISIT(step.root);
  Py_VISIT(step.awaitable);
  Py_VISIT(step.iterator);
  Py_VISIT(step.exception);
  return 0;
}
void await_deallocate(PyObject* self) {
  AwaitStep& step = await_step(self);
  PyObject_GC_UnTrack(self);
  Py_CLEAR(step.iterator);
  Py_CLEAR(step.awaitable);
  Py_CLEAR(step.exception);
  Py_CLEAR(step.root);
  PyObject_GC_Del(self);
}
PyObject* await_self(PyObject* self) { return Py_NewRef(self); }

constinit PyMethodDef await_methods[] = {{"send", await_send_method, METH_O, nullptr},
                                         {"throw", nullptr, METH_FASTCALL, nullptr},
                                         {"close", await_close, METH_NOARGS, nullptr},
                                         {nullptr, nullptr, 0, nullptr}};
constinit PyAsyncMethods await_async = {await_self, nullptr, nullptr, await_send};

bool ready_await_step() {
  if (await_step_type.tp_dict != nullptr) return true;
  await_methods[1].ml_meth = py::method<await_throw>;
  await_step_type.tp_name = "coroutine_wrapper";
  await_step_type.tp_basicsize = sizeof(AwaitStep);
  await_step_type.tp_flags =
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION;
  await_step_type.tp_traverse = await_traverse;
  await_step_type.tp_dealloc = await_deallocate;
  await_step_type.tp_iter = PyObject_SelfIter;
  await_step_type.tp_iternext = await_next;
  await_step_type.tp_methods = await_methods;
  await_step_type.tp_as_async = &await_async;
  return PyType_Ready(&await_step_type) == 0;
}

// --- futures ---

// Owns the chain until the future is done, or gone.
struct FutureEnd {
  explicit FutureEnd(Following* following) : chain(following) {}
  FutureEnd(FutureEnd&& other) noexcept : chain(std::exchange(other.chain, nullptr)) {}
  ~FutureEnd() { tell_abandoned(std::exchange(chain, nullptr)); }
  Following* chain;
};

constinit Name kBlocking("_asyncio_future_blocking"), kAddDoneCallback("add_done_callback"),
    kCancelled("cancelled"), kException("_exception"), kResult("_result"),
    kCancelledError("CancelledError"), kAsyncioExceptions("asyncio.exceptions");

// Reads no more than repr() would: asking for the exception would count as having dealt with it.
PyObject* future_done(PyObject* self, PyObject* future) {
  FutureEnd* end = unboxed<FutureEnd>(self);
  Following* chain = std::exchange(end->chain, nullptr);
  if (chain == nullptr) return Py_NewRef(Py_None);
  Ref error, result;
  if (Handle(future).call_method(kCancelled).truth())
    error = imported(kAsyncioExceptions).attr(kCancelledError).call();
  else if (error = Handle(future).attr(kException); error.is_exception())
    ;
  else
    result = Handle(future).attr(kResult);
  if (error.is_exception()) {
    const Ref held = error.share();
    raise(static_cast<Ref&&>(error));
    (void)tell_end(chain, nullptr);
    Ref now = take_exception();
    if (now.is(held)) return Py_NewRef(Py_None);
    raise(static_cast<Ref&&>(now));
    return nullptr;
  }
  if (!result) {
    tell_abandoned(chain);
    return Py_NewRef(Py_None);
  }
  PyObject* told = tell_end(chain, result.release());
  if (told == nullptr) return nullptr;
  Py_DECREF(told);
  return Py_NewRef(Py_None);
}
PyMethodDef future_done_definition = {"future_done", future_done, METH_O, nullptr};

}  // namespace

PyObject* make_step(PyObject* root, PyObject* awaitable, Op op, PyObject* exception) {
  if (awaitable == nullptr) return end_with(root_of(root), nullptr);
  AwaitStep* made = ready_await_step() ? PyObject_GC_New(AwaitStep, &await_step_type) : nullptr;
  if (made == nullptr) {
    PyErr_Clear();
    return awaitable;
  }
  made->root = Py_NewRef(root);
  made->awaitable = awaitable;
  made->iterator = nullptr;
  made->exception = Py_XNewRef(exception);
  made->op = op;
  PyObject_GC_Track(made);
  return reinterpret_cast<PyObject*>(made);
}

PyObject* step_on_inner(PyObject* self, Op op, PyObject* const* args, Py_ssize_t count) {
  const Ref inner = Ref::borrow(as_stand_in(self).inner);
  StandIn& root = root_of(self);
  const Kind kind = as_stand_in(self).kind;
  if (root.chain != nullptr && op != Op::kClose && !tell_begin(root.chain)) return nullptr;
  PyObject* out = nullptr;
  if (op == Op::kClose) {
    const Ref method = Ref::steal(PyObject_GetAttr(inner.ptr(), kStepClose.ptr()));
    out = method ? PyObject_Vectorcall(method.ptr(), args, static_cast<std::size_t>(count), nullptr)
                 : nullptr;
    if (out == nullptr) return end_with(root, nullptr);
    (void)end_with(root, nullptr);
    if (PyErr_Occurred() != nullptr) Py_CLEAR(out);
    return out;
  }
  const PySendResult sent =
      by_method(inner.ptr(), op == Op::kSend ? kStepSend : kStepThrow, args, count, &out);
  if (kind == Kind::kIterator && sent == PYGEN_NEXT) return tell_step(root, out);
  const PySendResult told = told_step(root, Op::kAwait, nullptr, sent, &out);
  return told == PYGEN_RETURN ? raised_value(out) : out;
}

Ref follow_future(Handle result, const Wish& wish, Scope& scope) {
  const Ref blocking = result.type().attr(kBlocking);
  if (!blocking || result.is_coroutine()) return {};
  const Ref add = result.attr(kAddDoneCallback);
  if (!add) return {};
  Following* chain = make_following(wish, scope);
  if (chain == nullptr) return {};
  const Ref end = box(FutureEnd(chain));
  const Ref callback = Ref::steal(PyCFunction_New(&future_done_definition, end.ptr()));
  if (!add.call(callback)) tell_abandoned(std::exchange(unboxed<FutureEnd>(end)->chain, nullptr));
  return result.share();
}

}  // namespace dd::py
