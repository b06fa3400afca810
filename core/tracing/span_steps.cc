#include "core/tracing/span_steps.h"

#include <structmember.h>

#include <cstddef>
#include <utility>

#include "core/py/ref.h"

namespace dd::tracing {
namespace {

using py::Ref;

struct Descriptor {  // in the type's dict
  PyObject_HEAD
  vectorcallfunc call;
  SpanStep step;
  const char* name;
};

struct Bound {  // with one span
  PyObject_HEAD
  vectorcallfunc call;
  PyObject* span;          // owned; the next free one while it is not used
  Descriptor* descriptor;  // lives for ever
};

constinit PyTypeObject* descriptor_type = nullptr;
constinit PyTypeObject* bound_type = nullptr;
constinit PyTypeObject* span_class = nullptr;

// Dead ones, linked through `span`. Only touched with the GIL held.
constexpr int kMaxFree = 64;
constinit Bound* free_list = nullptr;
constinit int free_count = 0;

Bound* me(PyObject* object) { return reinterpret_cast<Bound*>(object); }
Descriptor* as_descriptor(PyObject* object) { return reinterpret_cast<Descriptor*>(object); }

bool no_keywords(PyObject* names) {
  if (names == nullptr || PyTuple_GET_SIZE(names) == 0) return true;
  PyErr_SetString(PyExc_TypeError, "no keyword arguments are taken");
  return false;
}

PyObject* call_bound(PyObject* self, PyObject* const* args, std::size_t flagged, PyObject* names) {
  if (!no_keywords(names)) return nullptr;
  const Ref span = Ref::borrow(me(self)->span);
  return me(self)->descriptor->step(span.ptr(), args, PyVectorcall_NARGS(flagged));
}

PyObject* call_unbound(PyObject* self, PyObject* const* args, std::size_t flagged,
                       PyObject* names) {
  const Py_ssize_t count = PyVectorcall_NARGS(flagged);
  if (!no_keywords(names)) return nullptr;
  if (count < 1 || !PyObject_TypeCheck(args[0], span_class))
    return PyErr_Format(PyExc_TypeError, "descriptor '%s' needs a Span", as_descriptor(self)->name);
  return as_descriptor(self)->step(args[0], args + 1, count - 1);
}

PyObject* bind(PyObject* self, PyObject* span, PyObject*) {
  if (span == nullptr) return Py_NewRef(self);
  Bound* bound;
  if (free_list != nullptr) {
    bound = free_list;
    free_list = me(bound->span);
    --free_count;
    PyObject_Init(reinterpret_cast<PyObject*>(bound), bound_type);
  } else {
    bound = PyObject_GC_New(Bound, bound_type);
    if (bound == nullptr) return nullptr;
  }
  bound->call = call_bound;
  bound->span = Py_NewRef(span);
  bound->descriptor = as_descriptor(self);
  PyObject_GC_Track(bound);
  return reinterpret_cast<PyObject*>(bound);
}

void dealloc(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  const Ref span = Ref::steal(std::exchange(me(object)->span, nullptr));
  if (free_count < kMaxFree) {
    me(object)->span = reinterpret_cast<PyObject*>(std::exchange(free_list, me(object)));
    ++free_count;
  } else {
    PyObject_GC_Del(object);
  }
  const Ref drop_type = Ref::steal(reinterpret_cast<PyObject*>(type));
}
int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(me(object)->span);
  return 0;
}

PyObject* descriptor_name(PyObject* self, void*) {
  return PyUnicode_FromString(as_descriptor(self)->name);
}
PyObject* bound_name(PyObject* self, void*) {
  return PyUnicode_FromString(me(self)->descriptor->name);
}
PyObject* bound_self(PyObject* self, void*) { return Py_NewRef(me(self)->span); }
PyObject* descriptor_repr(PyObject* self) {
  return PyUnicode_FromFormat("<method '%s' of 'Span' objects>", as_descriptor(self)->name);
}
PyObject* bound_repr(PyObject* self) {
  return PyUnicode_FromFormat("<bound method %s of %S>", me(self)->descriptor->name,
                              me(self)->span);
}

template <class Function>
void* slot(Function* function) {
  return reinterpret_cast<void*>(function);
}

bool make_types() {
  if (bound_type != nullptr) return true;
  static PyMemberDef descriptor_members[] = {
      {"__vectorcalloffset__", T_PYSSIZET, offsetof(Descriptor, call), READONLY, nullptr}, {}};
  static PyGetSetDef descriptor_fields[] = {
      {"__name__", descriptor_name, nullptr, nullptr, nullptr}, {}};
  static PyType_Slot descriptor_slots[] = {
      {Py_tp_descr_get, slot(bind)},       {Py_tp_call, slot(PyVectorcall_Call)},
      {Py_tp_repr, slot(descriptor_repr)}, {Py_tp_members, descriptor_members},
      {Py_tp_getset, descriptor_fields},   {0, nullptr}};
  static PyType_Spec descriptor_spec = {"ddtrace._native.SpanStep", sizeof(Descriptor), 0,
                                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL |
                                            Py_TPFLAGS_METHOD_DESCRIPTOR |
                                            Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                        descriptor_slots};
  static PyMemberDef bound_members[] = {
      {"__vectorcalloffset__", T_PYSSIZET, offsetof(Bound, call), READONLY, nullptr}, {}};
  static PyGetSetDef bound_fields[] = {{"__name__", bound_name, nullptr, nullptr, nullptr},
                                       {"__self__", bound_self, nullptr, nullptr, nullptr},
                                       {}};
  static PyType_Slot bound_slots[] = {{Py_tp_dealloc, slot(dealloc)},
                                      {Py_tp_traverse, slot(traverse)},
                                      {Py_tp_call, slot(PyVectorcall_Call)},
                                      {Py_tp_repr, slot(bound_repr)},
                                      {Py_tp_members, bound_members},
                                      {Py_tp_getset, bound_fields},
                                      {0, nullptr}};
  static PyType_Spec bound_spec = {"ddtrace._native.BoundSpanStep", sizeof(Bound), 0,
                                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
                                       Py_TPFLAGS_HAVE_VECTORCALL |
                                       Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                   bound_slots};
  descriptor_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&descriptor_spec));
  bound_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&bound_spec));
  return descriptor_type != nullptr && bound_type != nullptr;
}

bool add(PyTypeObject* type, const char* name, SpanStep step) {
  auto* const made = PyObject_New(Descriptor, descriptor_type);
  if (made == nullptr) return false;
  const Ref owner = Ref::steal(reinterpret_cast<PyObject*>(made));
  made->call = call_unbound;
  made->step = step;
  made->name = name;
  return PyObject_SetAttrString(reinterpret_cast<PyObject*>(type), name, owner.ptr()) == 0;
}

}  // namespace

bool add_span_steps(PyTypeObject* type, SpanStep enter, SpanStep exit) {
  span_class = type;
  return make_types() && add(type, "__enter__", enter) && add(type, "__exit__", exit);
}

}  // namespace dd::tracing
