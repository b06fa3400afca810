// Coroutines, generators and asynchronous generators are followed in their own object. While one is
// suspended its type is one of ours: the same layout, a subclass of what CPython made, so that
// whoever drives it comes to us. While it runs, and once it has ended, it is exactly what CPython
// made. Everything CPython knows about it (frame, origin, the warning about what was never awaited,
// hooks of the event loop) is its own. What differs: type(x) while it is suspended; a stack that is
// taken while an exception is thrown in through an await on it lacks the frames above it, as before
// 3.11; and `__await__` may return it, where CPython insists on an iterator.

#include "core/py/generator.h"

#include <initializer_list>
#include <utility>

#include "core/py/compat/compat.h"
#include "core/py/error.h"

namespace dd::py {
namespace {

constinit PyTypeObject coroutine_type = {PyVarObject_HEAD_INIT(nullptr, 0)};
constinit PyTypeObject generator_type = {PyVarObject_HEAD_INIT(nullptr, 0)};
constinit PyTypeObject awaitable_generator_type = {PyVarObject_HEAD_INIT(nullptr, 0)};
constinit PyTypeObject async_generator_type = {PyVarObject_HEAD_INIT(nullptr, 0)};
constinit PyTypeObject coroutine_wrapper_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

constinit Name kSend("send"), kThrow("throw"), kClose("close");

// An interrupt that a hook raised before the first step: raised where the code would have started,
// so that what was never started does not count as forgotten.
PyObject* interrupt(const Plain& plain, PyObject* self) {
  const Ref exception = take_exception();
  PyObject* arg = exception.ptr();
  PyObject* out = call_plain(plain, kThrow, self, &arg, 1);
  Py_XDECREF(out);
  return nullptr;
}

PySendResult generator_send(PyObject* self, PyObject* value, PyObject** out) {
  Plain plain(self);
  if (!plain.begin()) {
    *out = interrupt(plain, self);
    return PYGEN_ERROR;
  }
  const PySendResult sent = plain.type()->tp_as_async->am_send(self, value, out);
  if (sent == PYGEN_NEXT) {
    if (tell_item(plain.chain(), *out)) [[likely]]
      return sent;
    Py_CLEAR(*out);
    return PYGEN_ERROR;
  }
  if (!is_over(self)) return sent;
  *out = tell_end(plain.let_go(), *out);
  return *out != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
}

PyObject* generator_next(PyObject* self) {
  PyObject* out = nullptr;
  const PySendResult sent = generator_send(self, Py_None, &out);
  return sent == PYGEN_RETURN ? stop_with(out) : out;
}

// Of coroutines, which no Python code can ask for an item.
PyObject* coroutine_next(PyObject* self) {
  PyObject* out = nullptr;
  const PySendResult sent = generator_send(self, Py_None, &out);
  return sent == PYGEN_RETURN ? stop_unseen_with(out) : out;
}

PyObject* send_method(PyObject* self, PyObject* value) {
  if (!is_followed(self)) return call_method(self, kSend, &value, 1);
  PyObject* out = nullptr;
  const PySendResult sent = generator_send(self, value, &out);
  return sent == PYGEN_RETURN ? raised_stop(out) : out;
}

PyObject* throw_method(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  if (!is_followed(self)) return call_method(self, kThrow, args, count);
  Plain plain(self);
  if (!plain.begin()) return interrupt(plain, self);
  PyObject* out = call_plain(plain, kThrow, self, args, count);
  if (!is_over(self)) {
    if (out != nullptr && !tell_item(plain.chain(), out)) Py_CLEAR(out);
    return out;
  }
  Following* chain = plain.let_go();
  out = stop_value();
  out = tell_end(chain, out);
  return out != nullptr ? raised_stop(out) : nullptr;
}

PyObject* close_method(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  if (!is_followed(self)) return call_method(self, kClose, args, count);
  Plain plain(self);
  PyObject* out = call_plain(plain, kClose, self, args, count);
  if (!is_over(self)) return out;
  Following* chain = plain.let_go();
  if (out == nullptr) return tell_end(chain, nullptr);
  (void)tell_end(chain, nullptr);
  if (PyErr_Occurred() != nullptr) Py_CLEAR(out);
  return out;
}

// --- awaiting a coroutine ---

bool is_awaited(PyObject* self) {
  static constinit Name kAwait("cr_await");
  const Ref awaited = Handle(self).attr(kAwait);
  return awaited && !awaited.is_none();
}

PyObject* await_coroutine(PyObject* self) {
  if (room_of(self)->started && is_awaited(self)) {
    PyErr_SetString(PyExc_RuntimeError, "coroutine is being awaited already");
    return nullptr;
  }
  return Py_NewRef(self);
}

PyObject* await_generator(PyObject* self) { return Py_NewRef(self); }

// A coroutine is no iterable, but `yield from` takes it in a function that is itself a coroutine.
PyObject* iterate_coroutine(PyObject* self) {
  const compat::Asking asked = compat::what_is_asked();
  if (asked == compat::Asking::kCoroutineYieldFrom) return Py_NewRef(self);
  PyErr_SetString(PyExc_TypeError,
                  asked == compat::Asking::kYieldFrom
                      ? "cannot 'yield from' a coroutine object in a non-coroutine generator"
                      : "'coroutine' object is not iterable");
  return nullptr;
}

// What coroutine.__await__() returns: CPython's own object, of a type that comes back to us.
PyObject* await_method(PyObject* self, PyObject*) {
  if (!is_followed(self)) return PyCoro_Type.tp_as_async->am_await(self);
  PyObject* wrapper = nullptr;
  {
    const Plain plain(self);
    wrapper = plain.type()->tp_as_async->am_await(self);
  }
  if (wrapper != nullptr) Py_SET_TYPE(wrapper, &coroutine_wrapper_type);
  return wrapper;
}

PyObject* coroutine_of(PyObject* wrapper) {
  return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(wrapper) + sizeof(PyObject));
}
PyObject* wrapper_next(PyObject* wrapper) {
  const Ref coroutine = Ref::borrow(coroutine_of(wrapper));
  return is_followed(coroutine.ptr()) ? generator_next(coroutine.ptr())
                                      : coroutine_wrapper_type.tp_base->tp_iternext(wrapper);
}
PySendResult wrapper_send(PyObject* wrapper, PyObject* value, PyObject** out) {
  const Ref coroutine = Ref::borrow(coroutine_of(wrapper));
  return is_followed(coroutine.ptr()) ? generator_send(coroutine.ptr(), value, out)
                                      : send_to(coroutine.ptr(), value, out);
}
PyObject* wrapper_send_method(PyObject* wrapper, PyObject* value) {
  const Ref coroutine = Ref::borrow(coroutine_of(wrapper));
  return call_method(coroutine.ptr(), kSend, &value, 1);
}
PyObject* wrapper_throw(PyObject* wrapper, PyObject* const* args, Py_ssize_t count) {
  const Ref coroutine = Ref::borrow(coroutine_of(wrapper));
  return call_method(coroutine.ptr(), kThrow, args, count);
}
PyObject* wrapper_close(PyObject* wrapper, PyObject* const* args, Py_ssize_t count) {
  const Ref coroutine = Ref::borrow(coroutine_of(wrapper));
  return call_method(coroutine.ptr(), kClose, args, count);
}

// --- life and death ---

int generator_traverse(PyObject* self, visitproc visit, void* arg) {
  Following* room = room_of(self);
  compat::generator_room(self) = room->own;
  const int answer = Py_TYPE(self)->tp_base->tp_traverse(self, visit, arg);
  compat::generator_room(self) = reinterpret_cast<PyObject*>(room);
  return answer;
}

// Runs what is left of the code, or asks the event loop to.
void generator_finalize(PyObject* self) {
  Plain plain(self);
  if (plain.type()->tp_finalize != nullptr) plain.type()->tp_finalize(self);
  if (is_over(self)) tell_abandoned(plain.let_go());
}

void generator_deallocate(PyObject* self) {
  if (Py_TYPE(self) == &async_generator_type) {
    // The event loop may bring it back to life to close it: then it stays followed.
    PyObject_GC_UnTrack(self);
    if (reinterpret_cast<PyGenObject*>(self)->gi_weakreflist != nullptr)
      PyObject_ClearWeakRefs(self);
    PyObject_GC_Track(self);
    if (PyObject_CallFinalizerFromDealloc(self) < 0) return;
  }
  Following* chain = nullptr;
  if (is_followed(self)) {
    chain = room_of(self);
    compat::generator_room(self) = chain->own;
    Py_SET_TYPE(self, Py_TYPE(self)->tp_base);
  }
  Py_TYPE(self)->tp_dealloc(self);  // runs `finally` blocks
  if (chain != nullptr) tell_abandoned(chain);
}

// --- the types ---

PyObject* plain_class(PyObject* self, void*) {
  return Py_NewRef(reinterpret_cast<PyObject*>(Py_TYPE(self)->tp_base));
}
PyObject* origin(PyObject* self, void*) {
  PyObject* own = room_of(self)->own;
  return Py_NewRef(own != nullptr ? own : Py_None);
}
PyObject* name_of(PyObject* self, void*) { return Py_NewRef(room_of(self)->own); }
int rename(PyObject* self, PyObject* name, void*) {
  if (name == nullptr || !PyUnicode_Check(name)) {
    PyErr_SetString(PyExc_TypeError, "__name__ must be set to a string object");
    return -1;
  }
  Py_SETREF(room_of(self)->own, Py_NewRef(name));
  return 0;
}
#define DD_CLASS \
  { "__class__", plain_class, nullptr, nullptr, nullptr }
constinit PyGetSetDef getset[] = {DD_CLASS, {}};
constinit PyGetSetDef named_getset[] = {
    DD_CLASS, {"__name__", name_of, rename, nullptr, nullptr}, {}};
constinit PyGetSetDef coroutine_getset[] = {
    DD_CLASS, {"cr_origin", origin, nullptr, nullptr, nullptr}, {}};
#undef DD_CLASS

// The functions are filled in by generator_prepare(): the casts are not constant expressions.
constinit PyMethodDef generator_methods[] = {{"send", send_method, METH_O, nullptr},
                                             {"throw", nullptr, METH_FASTCALL, nullptr},
                                             {"close", nullptr, METH_FASTCALL, nullptr},
                                             {nullptr, nullptr, 0, nullptr}};
constinit PyMethodDef coroutine_methods[] = {
    {"send", send_method, METH_O, nullptr},
    {"throw", nullptr, METH_FASTCALL, nullptr},
    {"close", nullptr, METH_FASTCALL, nullptr},
    {"__await__", await_method, METH_NOARGS | METH_COEXIST, nullptr},
    {nullptr, nullptr, 0, nullptr}};
constinit PyMethodDef wrapper_methods[] = {{"send", wrapper_send_method, METH_O, nullptr},
                                           {"throw", nullptr, METH_FASTCALL, nullptr},
                                           {"close", nullptr, METH_FASTCALL, nullptr},
                                           {nullptr, nullptr, 0, nullptr}};
constinit PyAsyncMethods coroutine_async = {await_coroutine, nullptr, nullptr, generator_send};
constinit PyAsyncMethods generator_async = {nullptr, nullptr, nullptr, generator_send};
constinit PyAsyncMethods awaitable_async = {await_generator, nullptr, nullptr, generator_send};
constinit PyAsyncMethods wrapper_async = {nullptr, nullptr, nullptr, wrapper_send};
// Slots that the plain type does not have must not show as attributes.
bool make_type(PyTypeObject& type, PyTypeObject* plain, PyMethodDef* methods, PyAsyncMethods* async,
               std::initializer_list<const char*> hidden) {
  for (PyMethodDef* method = methods; method->ml_name != nullptr; ++method) {
    const Ref theirs =
        Ref::steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(plain), method->ml_name));
    if (!theirs) return false;
    if (Py_IS_TYPE(theirs.ptr(), &PyMethodDescr_Type))
      method->ml_doc = reinterpret_cast<PyMethodDescrObject*>(theirs.ptr())->d_method->ml_doc;
  }
  type.tp_name = plain->tp_name;
  type.tp_doc = plain->tp_doc;
  type.tp_base = plain;
  type.tp_basicsize = plain->tp_basicsize;
  type.tp_itemsize = plain->tp_itemsize;
  type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION;
  type.tp_methods = methods;
  type.tp_as_async = async;
  if (PyType_Ready(&type) < 0) return false;
  for (const char* name : hidden)
    if (PyDict_GetItemString(type.tp_dict, name) != nullptr &&
        PyDict_DelItemString(type.tp_dict, name) < 0)
      return false;
  PyType_Modified(&type);
  return true;
}

bool make_generator_type(PyTypeObject& type, PyTypeObject* plain, PyMethodDef* methods,
                         PyAsyncMethods* async, std::initializer_list<const char*> hidden) {
  type.tp_traverse = generator_traverse;
  type.tp_finalize = generator_finalize;
  type.tp_dealloc = generator_deallocate;
  if (compat::kRoomIsName)
    type.tp_getset = named_getset;
  else if (type.tp_getset == nullptr)
    type.tp_getset = getset;
  return make_type(type, plain, methods, async, hidden);
}

bool make_wrapper_type(PyTypeObject* plain) {
  coroutine_wrapper_type.tp_traverse = plain->tp_traverse;
  coroutine_wrapper_type.tp_clear = plain->tp_clear;
  coroutine_wrapper_type.tp_iternext = wrapper_next;
  coroutine_wrapper_type.tp_iter = PyObject_SelfIter;
  coroutine_wrapper_type.tp_getset = getset;
  return make_type(coroutine_wrapper_type, plain, wrapper_methods, &wrapper_async, {});
}

bool generator_prepare() {
  for (PyMethodDef* methods : {generator_methods, coroutine_methods}) {
    fill_fast(methods[1], throw_method);
    fill_fast(methods[2], close_method);
  }
  fill_fast(wrapper_methods[1], wrapper_throw);
  fill_fast(wrapper_methods[2], wrapper_close);
  coroutine_type.tp_iter = iterate_coroutine;
  coroutine_type.tp_iternext = coroutine_next;
  coroutine_type.tp_getset = coroutine_getset;
  generator_type.tp_iternext = generator_next;
  awaitable_generator_type.tp_iternext = generator_next;
  return make_generator_type(coroutine_type, &PyCoro_Type, coroutine_methods, &coroutine_async,
                             {"__iter__", "__next__"}) &&
         make_generator_type(generator_type, &PyGen_Type, generator_methods, &generator_async,
                             {}) &&
         make_generator_type(awaitable_generator_type, &PyGen_Type, generator_methods,
                             &awaitable_async, {"__await__"}) &&
         prepare_async_steps() &&
         make_generator_type(async_generator_type, &PyAsyncGen_Type, async_generator_methods(),
                             async_generator_slots(), {});
}

// CPython's wrapper type has no public name: it is learnt from the first coroutine.
bool prepare_wrapper(PyObject* coroutine) {
  const Ref wrapper = Ref::steal(PyCoro_Type.tp_as_async->am_await(coroutine));
  return wrapper && make_wrapper_type(Py_TYPE(wrapper.ptr()));
}

bool generator_ready(PyObject* result) {
  static constinit bool made = false, failed = false;
  if (!made && !failed) {
    made = generator_prepare();
    failed = !made;
  }
  static constinit bool wrapper_made = false;
  if (made && !wrapper_made && PyCoro_CheckExact(result)) {
    wrapper_made = prepare_wrapper(result);
    failed = !wrapper_made;
  }
  if (failed) PyErr_Clear();
  return made && !failed;
}

PyTypeObject* followed_type(PyObject* result, Kind kind) {
  const bool iterable_coroutine =
      PyGen_CheckExact(result) && compat::generator_is_awaitable(result);
  switch (kind) {
    case Kind::kAwaitable:
      if (PyCoro_CheckExact(result)) return &coroutine_type;
      return iterable_coroutine ? &awaitable_generator_type : nullptr;
    case Kind::kIterator:
      if (!PyGen_CheckExact(result)) return nullptr;
      return iterable_coroutine ? &awaitable_generator_type : &generator_type;
    case Kind::kAsyncIterator:
      return PyAsyncGen_CheckExact(result) ? &async_generator_type : nullptr;
    default:
      return nullptr;
  }
}

bool fits(const PyTypeObject* type, Kind kind) {
  switch (kind) {
    case Kind::kAwaitable:
      return type == &coroutine_type || type == &awaitable_generator_type;
    case Kind::kIterator:
      return type == &generator_type || type == &awaitable_generator_type;
    case Kind::kAsyncIterator:
      return type == &async_generator_type;
    default:
      return false;
  }
}

}  // namespace

// A method taken from a followed object may be called when it is not followed any more.
bool is_followed(PyObject* object) {
  const PyTypeObject* type = Py_TYPE(object);
  return type == &coroutine_type || type == &generator_type || type == &awaitable_generator_type ||
         type == &async_generator_type;
}

// An attribute of the type that CPython made, for this object.
PyObject* call_plain(const Plain& plain, const Name& name, PyObject* self, PyObject* const* args,
                     Py_ssize_t count) {
  constexpr Py_ssize_t kMost = 4;
  if (count > kMost) {
    PyErr_Format(PyExc_TypeError, "%s expected at most 3 arguments, got %zd", name.text(), count);
    return nullptr;
  }
  const Ref method =
      Ref::steal(PyObject_GetAttr(reinterpret_cast<PyObject*>(plain.type()), name.ptr()));
  if (!method) return nullptr;
  PyObject* stack[kMost + 1] = {self};
  for (Py_ssize_t i = 0; i < count; ++i) stack[i + 1] = args[i];
  return PyObject_Vectorcall(method.ptr(), stack, static_cast<std::size_t>(count) + 1, nullptr);
}

PyObject* call_method(PyObject* object, const Name& name, PyObject* const* args, Py_ssize_t count) {
  const Ref method = Ref::steal(PyObject_GetAttr(object, name.ptr()));
  if (!method) return nullptr;
  return PyObject_Vectorcall(method.ptr(), args, static_cast<std::size_t>(count), nullptr);
}

PyObject* raised_stop(PyObject* result) {
  stop_with(result);
  if (PyErr_Occurred() == nullptr) PyErr_SetNone(PyExc_StopIteration);
  return nullptr;
}

Ref follow_generator(Handle result, Kind kind, const Wish& wish, Scope& scope) {
  PyObject* object = result.ptr();
  PyTypeObject* type = nullptr;
  if (is_followed(object)) {
    if (!fits(Py_TYPE(object), kind)) return {};
  } else {
    if (!PyCoro_CheckExact(object) && !PyGen_CheckExact(object) && !PyAsyncGen_CheckExact(object))
      return {};
    // One that runs or has ended has nobody left who would tell us.
    if (compat::generator_state(object) >= 0) return {};
    type = followed_type(object, kind);
    if (type == nullptr || !generator_ready(object)) return {};
  }
  Following* following = make_following(wish, scope);
  if (following == nullptr) return {};
  if (kind == Kind::kAwaitable) following->watch.item = nullptr;  // it yields to the event loop
  if (type == nullptr) {
    Following* first = room_of(object);
    append(first, following);
    first->all_begun = first->all_begun && following->begun;
    return result.share();
  }
  following->own = compat::generator_room(object);
  following->all_begun = following->begun;
  following->started = compat::generator_has_run(object);
  compat::generator_room(object) = reinterpret_cast<PyObject*>(following);
  Py_SET_TYPE(object, type);
  return result.share();
}

}  // namespace dd::py
