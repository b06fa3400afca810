#include "core/py/imports/import_hook.h"

#include <Python.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/base/log.h"
#include "core/py/imports/distribution.h"
#include "core/py/imports/loader_stand_in.h"
#include "core/py/imports/watch_table.h"
#include "core/py/method.h"

namespace dd::py::import_hook {
namespace {

using imports::Entry;

constinit PyObject* finder = nullptr;  // owned for the life of the process

// A name being looked up on this thread: another finder may walk sys.meta_path itself.
struct Search {
  PyObject* name;
  Search* outer;
};
constinit thread_local Search* searches = nullptr;

bool searching(PyObject* name) {
  for (const Search* search = searches; search != nullptr; search = search->outer)
    if (PyUnicode_Compare(search->name, name) == 0) return true;
  return false;
}

// Reports modules that were imported without our loader. False with an interrupt set.
bool report_pending() {
  for (std::size_t i = 0; i < imports::entry_count(); ++i) {
    Entry& entry = imports::entry_at(i);
    if (!entry.pending) continue;
    const Ref module = Handle(imports::finished_module(entry)).share();
    if (!module) continue;
    imports::set_pending(entry, false);
    if (!imports::run_hooks(entry, module.ptr())) return false;
  }
  return true;
}

// Finders before us have been asked already. Of a list without us all are asked.
Py_ssize_t place_behind_us(PyObject* finders) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(finders); ++i)
    if (PyList_GET_ITEM(finders, i) == finder) return i + 1;
  return 0;
}

// What importlib would have found without us. None when it must ask the others itself.
PyObject* search_others(Entry& entry, PyObject* const* arguments) {
  if (searching(arguments[0])) Py_RETURN_NONE;
  Search search = {arguments[0], searches};
  searches = &search;
  struct Leave {
    ~Leave() { searches = searches->outer; }
  } leave;
  PyObject* const meta_path = PySys_GetObject("meta_path");
  if (meta_path == nullptr || !PyList_Check(meta_path)) Py_RETURN_NONE;
  const Ref finders = Ref::steal(PySequence_List(meta_path));
  if (!finders) return nullptr;
  for (Py_ssize_t i = place_behind_us(finders.ptr()); i < PyList_GET_SIZE(finders.ptr()); ++i) {
    PyObject* const other = PyList_GET_ITEM(finders.ptr(), i);
    const Ref find_spec = Ref::steal(PyObject_GetAttrString(other, "find_spec"));
    if (!find_spec) {
      if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return nullptr;
      PyErr_Clear();
      imports::set_pending(entry, true);
      Py_RETURN_NONE;
    }
    Ref spec = Ref::steal(PyObject_Vectorcall(find_spec.ptr(), arguments, 3, nullptr));
    if (!spec) return nullptr;
    if (spec.is_none()) continue;
    if (entry.hooks != nullptr && !imports::watch_loader(entry, spec.ptr())) {
      const Ref loader = Ref::steal(PyObject_GetAttrString(spec.ptr(), "loader"));
      if (!loader) PyErr_Clear();
      if (loader && !loader.is_none()) imports::set_pending(entry, true);
    }
    return spec.release();
  }
  Py_RETURN_NONE;
}

// An installed module of the name; a folder without one (a namespace) is none.
bool is_installed(Handle spec) {
  if (spec.is_none()) return false;
  const Ref origin = Ref::steal(PyObject_GetAttrString(spec.ptr(), "origin"));
  if (!origin) PyErr_Clear();
  return origin && !origin.is_none();
}

PyObject* find_known(Entry& entry, PyObject* const* arguments) {
  if (entry.gives_way) {
    if (searching(arguments[0])) Py_RETURN_NONE;
    Ref other = Ref::steal(search_others(entry, arguments));
    if (!other || is_installed(other)) return other.release();
  }
  if (entry.module != nullptr || entry.native != nullptr)
    return imports::frozen_spec(entry, arguments[0]);
  if (entry.hooks == nullptr) Py_RETURN_NONE;
  return search_others(entry, arguments);
}

std::string_view ascii(PyObject* name) {
  return {static_cast<const char*>(PyUnicode_DATA(name)),
          static_cast<std::size_t>(PyUnicode_GET_LENGTH(name))};
}

// Of sys.modules, which is shorter than the table and needs no new string for each of its names.
std::vector<const Entry*> loaded_entries() {
  std::vector<const Entry*> loaded;
  PyObject *name = nullptr, *module = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(PyImport_GetModuleDict(), &at, &name, &module)) {
    if (!PyUnicode_Check(name) || !PyUnicode_IS_COMPACT_ASCII(name)) continue;
    if (const Entry* entry = imports::find(ascii(name))) loaded.push_back(entry);
  }
  return loaded;
}

// find_spec(fullname, path=None, target=None)
PyObject* find_spec(PyObject*, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
  if (imports::any_pending() && !report_pending()) return nullptr;
  PyObject* arguments[3] = {Py_None, Py_None, Py_None};
  for (Py_ssize_t i = 0; i < count && i < 3; ++i) arguments[i] = given[i];
  if (keywords != nullptr) [[unlikely]] {
    constexpr const char* kNames[] = {"fullname", "path", "target"};
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keywords); ++i)
      for (int n = 0; n < 3; ++n)
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, i), kNames[n]) == 0)
          arguments[n] = given[count + i];
  }
  PyObject* const name = arguments[0];
  if (!PyUnicode_Check(name) || !PyUnicode_IS_COMPACT_ASCII(name)) [[unlikely]]
    Py_RETURN_NONE;
  Entry* const entry = imports::find(ascii(name));
  if (entry == nullptr) [[likely]]
    Py_RETURN_NONE;
  return find_known(*entry, arguments);
}

PyObject* finder_repr(PyObject*) { return PyUnicode_FromString("<ddpython import finder>"); }

constinit PyTypeObject finder_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

Status make_finder() {
  if (finder != nullptr) return {};
  finder_type.tp_name = "ddpython.Finder";
  finder_type.tp_basicsize = sizeof(PyObject);
  finder_type.tp_flags = Py_TPFLAGS_DEFAULT;
  finder_type.tp_repr = finder_repr;
  static PyMethodDef finder_methods[] = {
      {"find_spec", py::method<find_spec>, METH_FASTCALL | METH_KEYWORDS, nullptr},
      {"find_distributions", imports::find_distributions, METH_VARARGS, nullptr},
      {nullptr, nullptr, 0, nullptr}};
  finder_type.tp_methods = finder_methods;
  if (PyType_Ready(&finder_type) != 0) {
    PyErr_Clear();
    return Status::error("imports: the finder's type");
  }
  // Of instances: a static type shows its module to its own attribute only.
  const Ref module = Ref::steal(PyUnicode_FromString("ddpython"));
  if (!module || PyDict_SetItemString(finder_type.tp_dict, "__module__", module.ptr()) != 0)
    PyErr_Clear();
  finder = PyObject_New(PyObject, &finder_type);
  if (finder != nullptr) return {};
  PyErr_Clear();
  return Status::error("imports: out of memory");
}

void take_out(PyObject* meta_path) {
  for (Py_ssize_t i = PyList_GET_SIZE(meta_path) - 1; i >= 0; --i)
    if (PyList_GET_ITEM(meta_path, i) == finder)
      (void)PyList_SetSlice(meta_path, i, i + 1, nullptr);
}

}  // namespace

Status install() {
  Status made = make_finder();
  if (!made.ok()) return made;
  PyObject* const meta_path = PySys_GetObject("meta_path");
  if (meta_path == nullptr || !PyList_Check(meta_path))
    return Status::error("imports: sys.meta_path is not a list");
  if (PyList_GET_SIZE(meta_path) > 0 && PyList_GET_ITEM(meta_path, 0) == finder) return {};
  take_out(meta_path);
  if (PyList_Insert(meta_path, 0, finder) == 0) return {};
  PyErr_Clear();
  return Status::error("imports: sys.meta_path cannot be changed");
}

void remove() {
  PyObject* const meta_path = PySys_GetObject("meta_path");
  if (meta_path != nullptr && PyList_Check(meta_path)) take_out(meta_path);
  imports::drop_hooks();
}

void add(std::span<const ModuleHook> hooks) {
  if (finder != nullptr) (void)install();
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    Entry* const entry = imports::find_or_add(hooks[i].module);
    if (entry == nullptr || !imports::add_hook(*entry, hooks[i])) {
      base::log(base::LogLevel::kError, "imports: the table of watched modules is full");
      hooks = hooks.first(i);
      break;
    }
  }
  const std::vector<const Entry*> loaded = loaded_entries();
  if (loaded.empty()) return;
  for (const ModuleHook& hook : hooks) {
    Entry* const entry = imports::find_or_add(hook.module);  // it is there
    if (std::ranges::find(loaded, entry) == loaded.end()) continue;
    const Ref module = Handle(imports::finished_module(*entry)).share();
    if (!module) {
      imports::set_pending(*entry, true);
      continue;
    }
    imports::HookList only = {&hook, nullptr};
    Entry just_this = {.name = hook.module, .hooks = &only};
    if (!imports::run_hooks(just_this, module.ptr())) PyErr_Clear();
  }
}

}  // namespace dd::py::import_hook
