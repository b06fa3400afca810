#include "core/py/imports/loader_stand_in.h"

#include <Python.h>

#include <cstring>

#include "core/base/log.h"

namespace dd::py::imports {
namespace {

struct StandIn {
  PyObject_HEAD
  PyObject* loader;  // the real one
  PyObject* spec;    // null once the module's code has started to run
  Entry* entry;
};

StandIn* as_stand_in(PyObject* object) { return reinterpret_cast<StandIn*>(object); }

extern PyTypeObject stand_in_type;

// The module's own dictionary: reading an attribute could wake a lazy module.
PyObject* own_dict(PyObject* module) {
  return PyModule_Check(module) ? PyModule_GetDict(module) : nullptr;
}

// Puts the real loader where importlib has stored the stand-in.
void step_aside(StandIn* self, PyObject* module) {
  PyObject* const spec = std::exchange(self->spec, nullptr);
  if (spec != nullptr) {
    const Ref current = Ref::steal(PyObject_GetAttrString(spec, "loader"));
    if (current.ptr() == reinterpret_cast<PyObject*>(self))
      (void)PyObject_SetAttrString(spec, "loader", self->loader);
    Py_DECREF(spec);
  }
  if (PyObject* const names = own_dict(module)) {
    PyObject* const shown = PyDict_GetItemString(names, "__loader__");
    if (shown == reinterpret_cast<PyObject*>(self))
      (void)PyDict_SetItemString(names, "__loader__", self->loader);
    // A lazy loader restores what it was given: the stand-in.
    PyObject* const own_spec = PyDict_GetItemString(names, "__spec__");
    if (own_spec != nullptr && own_spec != Py_None && own_spec != spec) {
      const Ref current = Ref::steal(PyObject_GetAttrString(own_spec, "loader"));
      if (current.ptr() == reinterpret_cast<PyObject*>(self))
        (void)PyObject_SetAttrString(own_spec, "loader", self->loader);
    }
  }
  PyErr_Clear();
}

// As sys.modules has it: borrowed, or null.
PyObject* imported_module(const Entry& entry) {
  const Ref name = Ref::steal(
      PyUnicode_FromStringAndSize(entry.name.data(), static_cast<Py_ssize_t>(entry.name.size())));
  PyObject* const module =
      name ? PyDict_GetItemWithError(PyImport_GetModuleDict(), name.ptr()) : nullptr;
  if (module == nullptr) PyErr_Clear();
  return module;
}

PyObject* create_watched(PyObject* self, PyObject* spec) {
  return PyObject_CallMethod(as_stand_in(self)->loader, "create_module", "O", spec);
}

PyObject* exec_watched(PyObject* self, PyObject* module) {
  StandIn* const stand_in = as_stand_in(self);
  step_aside(stand_in, module);
  Ref result = Ref::steal(PyObject_CallMethod(stand_in->loader, "exec_module", "O", module));
  if (!result) return nullptr;
  set_pending(*stand_in->entry, false);
  PyObject* const now = imported_module(*stand_in->entry);
  const Ref kept = Handle(now != nullptr ? now : module).share();
  if (!run_hooks(*stand_in->entry, kept.ptr())) return nullptr;
  return result.release();
}

constinit PyMethodDef create_module_def = {"create_module", create_watched, METH_O, nullptr};
constinit PyMethodDef exec_module_def = {"exec_module", exec_watched, METH_O, nullptr};

PyObject* get_attribute(PyObject* self, PyObject* name) {
  PyObject* const loader = as_stand_in(self)->loader;
  Ref real = Ref::steal(PyObject_GetAttr(loader, name));
  if (!real || !PyUnicode_Check(name)) return real.release();
  if (PyUnicode_CompareWithASCIIString(name, "exec_module") == 0)
    return PyCFunction_New(&exec_module_def, self);
  if (PyUnicode_CompareWithASCIIString(name, "create_module") == 0)
    return PyCFunction_New(&create_module_def, self);
  return real.release();
}

int set_attribute(PyObject* self, PyObject* name, PyObject* value) {
  return PyObject_SetAttr(as_stand_in(self)->loader, name, value);
}

PyObject* loader_repr(PyObject* self) { return PyObject_Repr(as_stand_in(self)->loader); }
PyObject* loader_str(PyObject* self) { return PyObject_Str(as_stand_in(self)->loader); }
Py_hash_t loader_hash(PyObject* self) { return PyObject_Hash(as_stand_in(self)->loader); }

PyObject* real_of(PyObject* object) {
  return Py_TYPE(object) == &stand_in_type ? as_stand_in(object)->loader : object;
}

PyObject* compare(PyObject* left, PyObject* right, int operation) {
  return PyObject_RichCompare(real_of(left), real_of(right), operation);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(as_stand_in(self)->loader);
  Py_VISIT(as_stand_in(self)->spec);
  return 0;
}

int clear(PyObject* self) {
  Py_CLEAR(as_stand_in(self)->spec);
  return 0;
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Py_CLEAR(as_stand_in(self)->spec);
  Py_CLEAR(as_stand_in(self)->loader);
  PyObject_GC_Del(self);
}

constinit PyTypeObject stand_in_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

bool ready_stand_in() {
  if (stand_in_type.tp_name != nullptr) return true;
  stand_in_type.tp_name = "ddpython.LoaderStandIn";
  stand_in_type.tp_basicsize = sizeof(StandIn);
  stand_in_type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC;
  stand_in_type.tp_getattro = get_attribute;
  stand_in_type.tp_setattro = set_attribute;
  stand_in_type.tp_repr = loader_repr;
  stand_in_type.tp_str = loader_str;
  stand_in_type.tp_hash = loader_hash;
  stand_in_type.tp_richcompare = compare;
  stand_in_type.tp_traverse = traverse;
  stand_in_type.tp_clear = clear;
  stand_in_type.tp_dealloc = dealloc;
  if (PyType_Ready(&stand_in_type) == 0) return true;
  stand_in_type.tp_name = nullptr;
  return false;
}

bool has_attribute(PyObject* object, const char* name) {
  const Ref found = Ref::steal(PyObject_GetAttrString(object, name));
  if (!found) PyErr_Clear();
  return static_cast<bool>(found);
}

}  // namespace

bool watch_loader(Entry& entry, PyObject* spec) {
  const Ref loader = Ref::steal(PyObject_GetAttrString(spec, "loader"));
  if (!loader || loader.is_none() || Py_TYPE(loader.ptr()) == &stand_in_type ||
      !has_attribute(loader.ptr(), "exec_module") ||
      !has_attribute(loader.ptr(), "create_module") || !ready_stand_in()) {
    PyErr_Clear();
    return false;
  }
  StandIn* const made = PyObject_GC_New(StandIn, &stand_in_type);
  if (made == nullptr) {
    PyErr_Clear();
    return false;
  }
  made->loader = loader.share().release();
  made->spec = Handle(spec).share().release();
  made->entry = &entry;
  PyObject_GC_Track(reinterpret_cast<PyObject*>(made));
  const Ref stand_in = Ref::steal(reinterpret_cast<PyObject*>(made));
  if (PyObject_SetAttrString(spec, "loader", stand_in.ptr()) == 0) return true;
  PyErr_Clear();
  return false;
}

bool run_hooks(const Entry& entry, PyObject* module) {
  bool clean = true;
  for (const HookList* link = entry.hooks; link != nullptr && clean; link = link->next) {
    try {
      link->hook->imported(module, link->hook->data);
    } catch (...) {
      base::log(base::LogLevel::kDebug, "a hook on an import threw");
    }
    if (PyErr_Occurred() == nullptr) continue;
    if (PyErr_ExceptionMatches(PyExc_Exception)) {
      PyErr_Clear();
      base::log(base::LogLevel::kDebug, "a hook on an import left an exception");
    } else {
      clean = false;
    }
  }
  return clean;
}

PyObject* finished_module(const Entry& entry) {
  PyObject* const module = imported_module(entry);
  if (module == nullptr || module == Py_None) return nullptr;
  if (std::strcmp(Py_TYPE(module)->tp_name, "_LazyModule") == 0) return nullptr;
  PyObject* const names = own_dict(module);
  PyObject* const spec = names != nullptr ? PyDict_GetItemString(names, "__spec__") : nullptr;
  if (spec == nullptr || spec == Py_None) return module;
  const Ref running = Ref::steal(PyObject_GetAttrString(spec, "_initializing"));
  if (!running) PyErr_Clear();
  return running && PyObject_IsTrue(running.ptr()) == 1 ? nullptr : module;
}

}  // namespace dd::py::imports
