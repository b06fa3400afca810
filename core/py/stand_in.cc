#include "core/py/stand_in.h"

#include <string_view>
#include <utility>

#include "core/py/attached.h"
#include "core/py/engine.h"
#include "core/py/error.h"

namespace dd::py {
namespace {

constinit PyTypeObject stand_in_type = {PyVarObject_HEAD_INIT(nullptr, 0)};
constinit PyTypeObject callable_type = {PyVarObject_HEAD_INIT(nullptr, 0)};
constinit PyTypeObject method_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

// A method of a class of ours.
struct Method {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject* name;
  Op op;
};

// The special method of an object's class, bound; null with an error set when there is none.
PyObject* special(PyObject* object, PyObject* name) {
  PyObject* found = _PyType_Lookup(Py_TYPE(object), name);
  if (found == nullptr) return PyObject_GetAttr(object, name);
  const descrgetfunc bind = Py_TYPE(found)->tp_descr_get;
  return bind != nullptr ? bind(found, object, reinterpret_cast<PyObject*>(Py_TYPE(object)))
                         : Py_NewRef(found);
}

Handle unwrapped(PyObject* object) {
  return is_stand_in(object) ? as_stand_in(object).inner : object;
}

PyObject* call_inner(PyObject* self, PyObject* name, PyObject* const* args, Py_ssize_t count,
                     PyObject* kwnames) {
  const Ref inner = Ref::borrow(as_stand_in(self).inner);
  const Ref method = Ref::steal(special(inner.ptr(), name));
  if (!method) return nullptr;
  PyObject* result =
      PyObject_Vectorcall(method.ptr(), args, static_cast<std::size_t>(count), kwnames);
  if (result != inner.ptr()) return result;
  Py_DECREF(result);
  return Py_NewRef(self);
}

// What an iteration goes over is another object, unless it is its own iterator.
PyObject* iterate(PyObject* self) {
  const Ref inner = Ref::borrow(as_stand_in(self).inner);
  Ref iterator = Ref::steal(PyObject_GetIter(inner.ptr()));
  if (!iterator) return end_with(root_of(self), nullptr);
  if (iterator.is(inner)) return Py_NewRef(self);
  Ref made = make_stand_in(iterator, Kind::kIterator, nullptr, nullptr, self);
  return made ? made.release() : iterator.release();
}

PyObject* next(PyObject* self) {
  const Ref inner = Ref::borrow(as_stand_in(self).inner);
  StandIn& root = root_of(self);
  if (root.chain != nullptr && !tell_begin(root.chain)) return nullptr;
  PyObject* item = tell_step(root, Py_TYPE(inner.ptr())->tp_iternext(inner.ptr()));
  if (item == nullptr && PyErr_Occurred() == nullptr) PyErr_SetNone(PyExc_StopIteration);
  return item;
}

PyObject* enter_block(PyObject* self, PyObject* name) {
  StandIn& root = root_of(self);
  if (root.chain != nullptr && !tell_begin(root.chain)) return nullptr;
  PyObject* entered = call_inner(self, name, nullptr, 0, nullptr);
  if (entered == nullptr) return end_with(root, nullptr);
  if (root.chain != nullptr && !tell_item(root.chain, entered)) Py_CLEAR(entered);
  return entered;
}

PyObject* exit_block(PyObject* self, PyObject* name, PyObject* const* args, Py_ssize_t count,
                     PyObject* kwnames) {
  PyObject* answer = call_inner(self, name, args, count, kwnames);
  if (answer == nullptr) return end_with(root_of(self), nullptr);
  if (!end_block(root_of(self), count > 1 ? args[1] : Py_None)) Py_CLEAR(answer);
  return answer;
}

PyObject* async_iterate(PyObject* self, PyObject* name) {
  const Ref made = Ref::steal(call_inner(self, name, nullptr, 0, nullptr));
  if (!made) return end_with(root_of(self), nullptr);
  if (made.is(self)) return Py_NewRef(self);
  Ref stands = make_stand_in(made, Kind::kAsyncIterator, nullptr, nullptr, self);
  return stands ? stands.release() : Py_NewRef(made.ptr());
}

PyObject* call_method_of(PyObject* callable, PyObject* const* stack, std::size_t nargsf,
                         PyObject* kwnames) {
  auto& method = *reinterpret_cast<Method*>(callable);
  const Py_ssize_t all = PyVectorcall_NARGS(nargsf);
  if (all == 0 || !is_stand_in(stack[0])) {
    PyErr_Format(PyExc_TypeError, "unbound method %U needs an argument", method.name);
    return nullptr;
  }
  const Ref held = Ref::borrow(stack[0]);
  PyObject* self = held.ptr();
  PyObject* const* args = stack + 1;
  const Py_ssize_t count = all - 1;
  const auto awaitable = [&] { return call_inner(self, method.name, args, count, kwnames); };
  switch (method.op) {
    case Op::kForward:
    case Op::kCopy:
      break;
    case Op::kCompare: {
      if (count != 1) break;
      PyObject* other = unwrapped(args[0]).ptr();
      return call_inner(self, method.name, &other, 1, kwnames);
    }
    case Op::kIterate:
      return iterate(self);
    case Op::kNext:
      return next(self);
    case Op::kSend:
    case Op::kThrow:
    case Op::kClose:
      return step_on_inner(self, method.op, args, count);
    case Op::kBind:
      return count > 0 && args[0] != Py_None ? PyMethod_New(self, args[0]) : Py_NewRef(self);
    case Op::kEnter:
      return enter_block(self, method.name);
    case Op::kExit:
      return exit_block(self, method.name, args, count, kwnames);
    case Op::kAsyncIterate:
      return async_iterate(self, method.name);
    case Op::kAsyncExit:
      return make_step(self, awaitable(), method.op, count > 1 ? args[1] : nullptr);
    case Op::kAwait:
    case Op::kAsyncNext:
    case Op::kAsyncClose:
    case Op::kAsyncEnter:
      return make_step(self, awaitable(), method.op, nullptr);
  }
  return awaitable();
}

PyObject* bind_method(PyObject* method, PyObject* object, PyObject*) {
  return object == nullptr || object == Py_None ? Py_NewRef(method) : PyMethod_New(method, object);
}
void drop_method(PyObject* self) {
  Py_XDECREF(reinterpret_cast<Method*>(self)->name);
  PyObject_Free(self);
}

struct OpName {
  std::string_view name;
  Op op;
};
constexpr OpName kCommonOps[] = {{"__eq__", Op::kCompare}, {"__ne__", Op::kCompare},
                                 {"__lt__", Op::kCompare}, {"__le__", Op::kCompare},
                                 {"__gt__", Op::kCompare}, {"__ge__", Op::kCompare},
                                 {"__copy__", Op::kCopy},  {"__deepcopy__", Op::kCopy}};
constexpr OpName kIteratorOps[] = {{"__iter__", Op::kIterate}, {"__next__", Op::kNext},
                                   {"send", Op::kSend},        {"throw", Op::kThrow},
                                   {"close", Op::kClose},      {"__exit__", Op::kExit}};
constexpr OpName kAwaitableOps[] = {{"__await__", Op::kAwait},
                                    {"__iter__", Op::kAwait},
                                    {"send", Op::kSend},
                                    {"throw", Op::kThrow},
                                    {"close", Op::kClose}};
constexpr OpName kAsyncIteratorOps[] = {
    {"__aiter__", Op::kAsyncIterate}, {"__anext__", Op::kAsyncNext}, {"asend", Op::kAsyncNext},
    {"athrow", Op::kAsyncNext},       {"aclose", Op::kAsyncClose},   {"close", Op::kClose},
    {"__aenter__", Op::kAsyncEnter},  {"__aexit__", Op::kAsyncExit}};
constexpr OpName kContextOps[] = {{"__enter__", Op::kEnter},
                                  {"__exit__", Op::kExit},
                                  {"__aenter__", Op::kAsyncEnter},
                                  {"__aexit__", Op::kAsyncExit}};
constexpr OpName kCallableOps[] = {{"__get__", Op::kBind}};

std::span<const OpName> ops_of(Kind kind) {
  switch (kind) {
    case Kind::kCall:
      return kCallableOps;
    case Kind::kIterator:
      return kIteratorOps;
    case Kind::kAwaitable:
      return kAwaitableOps;
    case Kind::kAsyncIterator:
      return kAsyncIteratorOps;
    case Kind::kContextManager:
      return kContextOps;
  }
  return {};
}

Op op_of(std::string_view name, Kind kind) {
  for (const OpName& row : ops_of(kind))
    if (row.name == name) return row.op;
  for (const OpName& row : kCommonOps)
    if (row.name == name) return row.op;
  return Op::kForward;
}

// Special methods that belong to the object itself, or to how it is made.
bool is_own(std::string_view name, Kind kind) {
  for (const std::string_view own :
       {"__new__", "__init__", "__class__", "__dict__", "__weakref__", "__getattribute__",
        "__getattr__", "__setattr__", "__delattr__", "__del__", "__init_subclass__",
        "__subclasshook__", "__slots__", "__class_getitem__", "__set_name__"})
    if (name == own) return true;
  return name == "__call__" && kind == Kind::kCall;
}

Ref make_method(Handle name, Op op) {
  Method* made = PyObject_New(Method, &method_type);
  if (made == nullptr) return {};
  made->vectorcall = call_method_of;
  made->name = Py_NewRef(name.ptr());
  made->op = op;
  return Ref::steal(reinterpret_cast<PyObject*>(made));
}

// The special methods of `type` for a class that mirrors it.
Ref make_namespace(PyTypeObject* type, Kind kind) {
  Ref names = dict();
  const Ref no_slots = tuple({});
  (void)names.set_item("__slots__", no_slots);
  for (const char* copied : {"__module__", "__qualname__"})
    if (const Ref value = Handle(reinterpret_cast<PyObject*>(type)).attr(copied); value.is_str())
      (void)names.set_item(copied, value);
  Handle(type->tp_mro).each([&](Handle base) {
    base.attr("__dict__").each_pair([&](Handle key, Handle value) {
      const std::string name = key.text();
      const bool special = name.starts_with("__") && name.ends_with("__");
      const Op op = op_of(name, kind);
      if ((!special && op == Op::kForward) || is_own(name, kind)) return;
      if (names.contains(key)) return;
      if (value.is_none() && special) {  // "not supported", as __hash__ = None
        (void)names.set_item(key, value);
      } else if (value.is_callable() && !value.is_class()) {
        (void)names.set_item(key, make_method(key, op));
      }
    });
  });
  return names;
}

struct Mirrors {
  Ref of_kind[5];
};

PyTypeObject* mirror_of(PyTypeObject* type, Kind kind) {
  static constinit Attached<Mirrors> mirrors;
  const Handle key = reinterpret_cast<PyObject*>(type);
  Mirrors* known = mirrors.find(key);
  if (known == nullptr) known = mirrors.attach(key, Mirrors{});
  if (known == nullptr) return nullptr;
  Ref& mirror = known->of_kind[static_cast<std::size_t>(kind)];
  if (!mirror) {
    const Ref names = make_namespace(type, kind);
    PyTypeObject* base = kind == Kind::kCall ? &callable_type : &stand_in_type;
    const Handle bases_of[] = {reinterpret_cast<PyObject*>(base)};
    const Ref bases = tuple(bases_of);
    const Ref name = str(key.attr("__name__").text());
    mirror = Handle(reinterpret_cast<PyObject*>(&PyType_Type)).call(name, bases, names);
  }
  return reinterpret_cast<PyTypeObject*>(mirror.ptr());
}

PyObject* get_attribute(PyObject* self, PyObject* name) {
  PyObject* theirs = PyObject_GetAttr(as_stand_in(self).inner, name);
  if (theirs == nullptr) return nullptr;
  PyObject* ours = _PyType_Lookup(Py_TYPE(self), name);
  if (ours == nullptr || !Py_IS_TYPE(ours, &method_type)) return theirs;
  const Op op = reinterpret_cast<Method*>(ours)->op;
  if (op == Op::kForward || op == Op::kCompare) return theirs;
  Py_DECREF(theirs);
  return PyMethod_New(ours, self);
}
int set_attribute(PyObject* self, PyObject* name, PyObject* value) {
  return PyObject_SetAttr(as_stand_in(self).inner, name, value);
}

PyObject* call_hooked(PyObject* self, PyObject* const* args, std::size_t nargsf,
                      PyObject* kwnames) {
  const StandIn& stands = as_stand_in(self);
  return stands.hook->call(stands.inner, args, nargsf, kwnames);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(as_stand_in(self).inner);
  Py_VISIT(as_stand_in(self).owner);
  return 0;
}

void deallocate(PyObject* self) {
  StandIn& stands = as_stand_in(self);
  PyObject_GC_UnTrack(self);
  if (stands.weakrefs != nullptr) PyObject_ClearWeakRefs(self);
  {
    const ErrorKeep keep;
    Py_CLEAR(stands.inner);  // what it has to clean up runs now, before the end is told
    Py_CLEAR(stands.owner);
  }
  tell_abandoned(std::exchange(stands.chain, nullptr));
  if (stands.hook != nullptr) stands.hook->release();
  Py_TYPE(self)->tp_free(self);
}

void fill_type(PyTypeObject& type) {
  type.tp_name = "stand_in";
  type.tp_basicsize = sizeof(StandIn);
  type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE;
  type.tp_getattro = get_attribute;
  type.tp_setattro = set_attribute;
  type.tp_traverse = traverse;
  type.tp_dealloc = deallocate;
  type.tp_weaklistoffset = offsetof(StandIn, weakrefs);
}

bool ready() {
  static constinit bool made = false;
  if (made) return true;
  fill_type(stand_in_type);
  fill_type(callable_type);
  callable_type.tp_base = &stand_in_type;
  callable_type.tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
  callable_type.tp_vectorcall_offset = offsetof(StandIn, vectorcall);
  callable_type.tp_call = PyVectorcall_Call;
  method_type.tp_name = "method_descriptor";
  method_type.tp_basicsize = sizeof(Method);
  method_type.tp_flags =
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
  method_type.tp_vectorcall_offset = offsetof(Method, vectorcall);
  method_type.tp_call = PyVectorcall_Call;
  method_type.tp_descr_get = bind_method;
  method_type.tp_dealloc = drop_method;
  made = PyType_Ready(&stand_in_type) == 0 && PyType_Ready(&callable_type) == 0 &&
         PyType_Ready(&method_type) == 0;
  if (!made) PyErr_Clear();
  return made;
}

bool has(PyObject* object, const char* name) {
  const Ref key = str(name);
  return _PyType_Lookup(Py_TYPE(object), key.ptr()) != nullptr;
}

bool is_of_kind(PyObject* object, Kind kind) {
  const PyTypeObject* type = Py_TYPE(object);
  const PyAsyncMethods* async = type->tp_as_async;
  switch (kind) {
    case Kind::kCall:
      return PyCallable_Check(object) != 0;
    case Kind::kIterator:
      return type->tp_iter != nullptr || PySequence_Check(object) != 0;
    case Kind::kAwaitable:
      return async != nullptr && async->am_await != nullptr;
    case Kind::kAsyncIterator:
      return async != nullptr && (async->am_aiter != nullptr || async->am_anext != nullptr);
    case Kind::kContextManager:
      return has(object, "__exit__") || has(object, "__aexit__");
  }
  return false;
}

}  // namespace

bool is_stand_in(PyObject* object) { return PyObject_TypeCheck(object, &stand_in_type) != 0; }

StandIn& root_of(PyObject* self) {
  while (as_stand_in(self).owner != nullptr) self = as_stand_in(self).owner;
  return as_stand_in(self);
}

PyObject* end_with(StandIn& root, PyObject* result) {
  return tell_end(std::exchange(root.chain, nullptr), result);
}

PyObject* tell_step(StandIn& root, PyObject* item) {
  if (root.chain == nullptr) return item;
  if (item != nullptr) {
    if (!tell_item(root.chain, item)) Py_CLEAR(item);
    return item;
  }
  if (PyErr_Occurred() != nullptr && !PyErr_ExceptionMatches(PyExc_StopIteration) &&
      !PyErr_ExceptionMatches(PyExc_StopAsyncIteration))
    return end_with(root, nullptr);
  ErrorKeep keep;
  PyObject* result = end_with(root, Py_NewRef(Py_None));
  Py_XDECREF(result);
  if (result == nullptr) keep.supersede(take_exception());
  return nullptr;
}

bool end_block(StandIn& root, Handle exception) {
  if (root.chain == nullptr) return true;
  if (!exception.is_exception()) {
    PyObject* result = end_with(root, Py_NewRef(Py_None));
    Py_XDECREF(result);
    return result != nullptr;
  }
  raise(exception.share());
  (void)end_with(root, nullptr);
  Ref now = take_exception();
  if (now.is(exception)) return true;
  raise(static_cast<Ref&&>(now));
  return false;
}

Ref make_stand_in(Handle inner, Kind kind, Following* chain, Hook* hook, Handle owner) {
  if (!ready()) return {};
  PyTypeObject* type = mirror_of(Py_TYPE(inner.ptr()), kind);
  if (type == nullptr) return {};
  auto* made = reinterpret_cast<StandIn*>(type->tp_alloc(type, 0));
  if (made == nullptr) {
    PyErr_Clear();
    return {};
  }
  made->inner = Py_NewRef(inner.ptr());
  made->owner = Py_XNewRef(owner.ptr());
  made->chain = chain;
  made->hook = hook;
  made->vectorcall = call_hooked;
  made->kind = kind;
  if (hook != nullptr) hook->retain();
  return Ref::steal(reinterpret_cast<PyObject*>(made));
}

Ref make_callable_stand_in(Handle inner, Hook* hook) {
  return make_stand_in(inner, Kind::kCall, nullptr, hook, nullptr);
}

Ref follow_by_stand_in(Handle result, Kind kind, const Wish& wish, Scope& scope) {
  if (kind == Kind::kCall || !is_of_kind(result.ptr(), kind)) return {};
  if (kind == Kind::kAwaitable) {
    if (Ref future = follow_future(result, wish, scope)) return future;
  }
  if (is_stand_in(result.ptr()) && as_stand_in(result.ptr()).kind == kind &&
      as_stand_in(result.ptr()).chain != nullptr) {
    Following* following = make_following(wish, scope);
    if (following == nullptr) return {};
    append(as_stand_in(result.ptr()).chain, following);
    return result.share();
  }
  Ref made = make_stand_in(result, kind, nullptr, nullptr, nullptr);
  if (!made) return {};
  as_stand_in(made.ptr()).chain = make_following(wish, scope);
  return made;
}

}  // namespace dd::py
