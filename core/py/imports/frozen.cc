#include "core/py/imports/frozen.h"

#include <Python.h>
#include <marshal.h>

#include <optional>
#include <string>

#include "core/py/imports/loader_stand_in.h"
#include "core/py/imports/watch_table.h"

namespace dd::py {
namespace imports {
namespace {

constexpr std::string_view kRoot = "<ddpython>/";

struct Loader {
  PyObject_HEAD
  const Entry* entry;
};

const Entry& entry_of(PyObject* self) { return *reinterpret_cast<Loader*>(self)->entry; }

PyObject* text(std::string_view value) {
  return PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), "strict");
}

PyObject* bytes(std::string_view value) {
  return PyBytes_FromStringAndSize(value.data(), static_cast<Py_ssize_t>(value.size()));
}

std::string origin_of(const Entry& entry) {
  std::string origin(kRoot);
  if (entry.module != nullptr) return origin += entry.package->text(entry.module->file);
  origin += entry.name;
  return origin;
}

// The entry a method is asked about: by name, or the loader's own when called without one.
const Entry* asked_entry(PyObject* self, PyObject* name) {
  if (name == nullptr || name == Py_None) return &entry_of(self);
  Py_ssize_t size = 0;
  const char* const data = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, &size) : nullptr;
  if (data == nullptr) PyErr_Clear();
  const Entry* const found =
      data == nullptr ? nullptr : find({data, static_cast<std::size_t>(size)});
  if (found != nullptr && (found->module != nullptr || found->native != nullptr)) return found;
  PyErr_Format(PyExc_ImportError, "%R is not part of ddpython", name);
  return nullptr;
}

PyObject* create_module(PyObject* self, PyObject* spec) {
  const Entry& entry = entry_of(self);
  if (entry.native == nullptr) Py_RETURN_NONE;
  PyObject* const made = entry.native->init();
  if (made == nullptr || Py_TYPE(made) != &PyModuleDef_Type) return made;
  return PyModule_FromDefAndSpec(reinterpret_cast<PyModuleDef*>(made), spec);
}

PyObject* read_code(const Entry& entry) {
  const std::string_view code = entry.package->text(entry.module->code);
  return PyMarshal_ReadObjectFromString(code.data(), static_cast<Py_ssize_t>(code.size()));
}

PyObject* exec_module(PyObject* self, PyObject* module) {
  const Entry& entry = entry_of(self);
  if (entry.native != nullptr) {
    PyModuleDef* const definition = PyModule_GetDef(module);
    if (definition != nullptr && PyModule_ExecDef(module, definition) != 0) return nullptr;
    if (PyErr_Occurred() != nullptr) return nullptr;
    Py_RETURN_NONE;
  }
  PyObject* const names = PyModule_GetDict(module);
  const Ref code = Ref::steal(read_code(entry));
  if (!code || names == nullptr) return nullptr;
  if (PyDict_GetItemString(names, "__builtins__") == nullptr &&
      PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) != 0)
    return nullptr;
  const Ref result = Ref::steal(PyEval_EvalCode(code.ptr(), names, names));
  if (!result || (entry.hooks != nullptr && !run_hooks(entry, module))) return nullptr;
  Py_RETURN_NONE;
}

PyObject* only_name(PyObject* args) {
  PyObject* name = nullptr;
  return PyArg_UnpackTuple(args, "name", 0, 1, &name) != 0 ? (name != nullptr ? name : Py_None)
                                                           : nullptr;
}

const Entry* asked(PyObject* self, PyObject* args) {
  PyObject* const name = only_name(args);
  return name == nullptr ? nullptr : asked_entry(self, name);
}

PyObject* get_code(PyObject* self, PyObject* args) {
  const Entry* const entry = asked(self, args);
  if (entry == nullptr) return nullptr;
  if (entry->module == nullptr) Py_RETURN_NONE;
  return read_code(*entry);
}

PyObject* get_source(PyObject* self, PyObject* args) {
  const Entry* const entry = asked(self, args);
  if (entry == nullptr) return nullptr;
  if (entry->module == nullptr) Py_RETURN_NONE;
  return text(entry->package->text(entry->module->source));
}

PyObject* is_package(PyObject* self, PyObject* args) {
  const Entry* const entry = asked(self, args);
  if (entry == nullptr) return nullptr;
  return PyBool_FromLong(entry->module != nullptr && entry->module->is_package);
}

PyObject* get_filename(PyObject* self, PyObject* args) {
  const Entry* const entry = asked(self, args);
  return entry == nullptr ? nullptr : text(origin_of(*entry));
}

PyObject* no_such_file(PyObject* path) {
  return PyErr_Format(PyExc_FileNotFoundError, "%R is not part of ddpython", path);
}

// `path` without the root, in the package of the loader.
std::optional<std::string_view> find_data(const Entry& entry, std::string_view path) {
  if (entry.package == nullptr) return std::nullopt;
  const FrozenPackage& package = *entry.package;
  for (const FrozenFile& file : package.files)
    if (package.text(file.path) == path) return package.text(file.data);
  for (const FrozenModule& module : package.modules)
    if (package.text(module.file) == path) return package.text(module.source);
  return std::nullopt;
}

PyObject* get_data(PyObject* self, PyObject* path) {
  Py_ssize_t size = 0;
  const char* const data = PyUnicode_Check(path) ? PyUnicode_AsUTF8AndSize(path, &size) : nullptr;
  if (data == nullptr) PyErr_Clear();
  std::string_view view(data == nullptr ? "" : data, static_cast<std::size_t>(size));
  if (view.starts_with(kRoot)) {
    if (const auto found = find_data(entry_of(self), view.substr(kRoot.size())))
      return bytes(*found);
  }
  return no_such_file(path);
}

// importlib.resources' older protocol, which every version still reads through an adapter.

std::string folder_of(const Entry& entry) {
  const std::string_view file = entry.package->text(entry.module->file);
  return std::string(file.substr(0, file.rfind('/') + 1));
}

PyObject* get_resource_reader(PyObject* self, PyObject* args) {
  const Entry* const entry = asked(self, args);
  if (entry == nullptr) return nullptr;
  if (entry->module == nullptr || !entry->module->is_package) Py_RETURN_NONE;
  return Handle(self).share().release();
}

std::optional<std::string_view> find_resource(PyObject* self, PyObject* name) {
  Py_ssize_t size = 0;
  const char* const data = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, &size) : nullptr;
  if (data == nullptr) {
    PyErr_Clear();
    return std::nullopt;
  }
  return find_data(entry_of(self),
                   folder_of(entry_of(self)).append(data, static_cast<std::size_t>(size)));
}

PyObject* open_resource(PyObject* self, PyObject* name) {
  const std::optional<std::string_view> found = find_resource(self, name);
  if (!found) return no_such_file(name);
  const Ref io = Ref::steal(PyImport_ImportModule("io"));
  if (!io) return nullptr;
  const Ref content = Ref::steal(bytes(*found));
  return content ? PyObject_CallMethod(io.ptr(), "BytesIO", "O", content.ptr()) : nullptr;
}

PyObject* resource_path(PyObject*, PyObject* name) { return no_such_file(name); }

PyObject* is_resource(PyObject* self, PyObject* name) {
  return PyBool_FromLong(find_resource(self, name).has_value());
}

PyObject* contents(PyObject* self, PyObject*) {
  Ref names = Ref::steal(PyList_New(0));
  if (!names) return nullptr;
  const Entry& entry = entry_of(self);
  const std::string folder = folder_of(entry);
  const auto append = [&](std::string_view path) {
    if (!path.starts_with(folder)) return true;
    path.remove_prefix(folder.size());
    if (path.find('/') != std::string_view::npos) return true;
    const Ref name = Ref::steal(text(path));
    return name && PyList_Append(names.ptr(), name.ptr()) == 0;
  };
  for (const FrozenFile& file : entry.package->files)
    if (!append(entry.package->text(file.path))) return nullptr;
  for (const FrozenModule& module : entry.package->modules)
    if (!append(entry.package->text(module.file))) return nullptr;
  return PyObject_GetIter(names.ptr());
}

PyObject* repr(PyObject* self) {
  const std::string name(entry_of(self).name);
  return PyUnicode_FromFormat("<ddpython loader of '%s'>", name.c_str());
}

constinit PyMethodDef loader_methods[] = {
    {"create_module", create_module, METH_O, nullptr},
    {"exec_module", exec_module, METH_O, nullptr},
    {"get_code", get_code, METH_VARARGS, nullptr},
    {"get_source", get_source, METH_VARARGS, nullptr},
    {"is_package", is_package, METH_VARARGS, nullptr},
    {"get_filename", get_filename, METH_VARARGS, nullptr},
    {"get_data", get_data, METH_O, nullptr},
    {"get_resource_reader", get_resource_reader, METH_VARARGS, nullptr},
    {"open_resource", open_resource, METH_O, nullptr},
    {"resource_path", resource_path, METH_O, nullptr},
    {"is_resource", is_resource, METH_O, nullptr},
    {"contents", contents, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

constinit PyTypeObject loader_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

bool ready_type() {
  if (loader_type.tp_name != nullptr) return true;
  loader_type.tp_name = "ddpython.FrozenLoader";
  loader_type.tp_basicsize = sizeof(Loader);
  loader_type.tp_flags = Py_TPFLAGS_DEFAULT;
  loader_type.tp_repr = repr;
  loader_type.tp_methods = loader_methods;
  const Ref module = Ref::steal(text("ddpython"));
  if (PyType_Ready(&loader_type) == 0 && module &&
      PyDict_SetItemString(loader_type.tp_dict, "__module__", module.ptr()) == 0)
    return true;
  loader_type.tp_name = nullptr;
  return false;
}

}  // namespace

PyObject* frozen_spec(const Entry& entry, PyObject* name) {
  if (!ready_type()) return nullptr;
  Loader* const made = PyObject_New(Loader, &loader_type);
  if (made == nullptr) return nullptr;
  made->entry = &entry;
  const Ref loader = Ref::steal(reinterpret_cast<PyObject*>(made));
  const Ref machinery = Ref::steal(PyImport_ImportModule("_frozen_importlib"));
  if (!machinery) return nullptr;
  const Ref make_spec = Ref::steal(PyObject_GetAttrString(machinery.ptr(), "ModuleSpec"));
  const std::string origin = origin_of(entry);
  if (!make_spec) return nullptr;
  Ref spec = Ref::steal(PyObject_CallFunction(make_spec.ptr(), "OO", name, loader.ptr()));
  const Ref where = Ref::steal(text(origin));
  if (!spec || !where || PyObject_SetAttrString(spec.ptr(), "origin", where.ptr()) != 0)
    return nullptr;
  if (entry.module == nullptr) return spec.release();
  if (PyObject_SetAttrString(spec.ptr(), "has_location", Py_True) != 0) return nullptr;
  if (!entry.module->is_package) return spec.release();
  const Ref folder = Ref::steal(text(origin.substr(0, origin.rfind('/'))));
  const Ref path = Ref::steal(folder ? Py_BuildValue("[O]", folder.ptr()) : nullptr);
  if (!path || PyObject_SetAttrString(spec.ptr(), "submodule_search_locations", path.ptr()) != 0)
    return nullptr;
  return spec.release();
}

}  // namespace imports

namespace frozen {

void serve(const FrozenPackage& package) { imports::await_package(package, false); }
void serve_last(const FrozenPackage& package) { imports::await_package(package, true); }

void serve(std::span<const NativeModule> modules) {
  for (const NativeModule& module : modules) {
    imports::Entry* const entry = imports::find_or_add(module.name);
    if (entry != nullptr) entry->native = &module;
  }
}

}  // namespace frozen
}  // namespace dd::py
