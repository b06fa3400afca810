#include "core/py/imports/distribution.h"

#include <Python.h>

#include "core/base/ascii.h"

namespace dd::py {
namespace imports {
namespace {

constinit const FrozenDistribution* served = nullptr;
constinit PyObject* type_object = nullptr;  // owned for the life of the process

// PEP 503: runs of "-", "_" and "." are one, case does not matter.
bool same_name(std::string_view asked, std::string_view normalised) {
  std::size_t at = 0;
  bool gap = false;
  for (const char c : asked) {
    if (c == '-' || c == '_' || c == '.') {
      gap = true;
      continue;
    }
    if (std::exchange(gap, false) && (at == normalised.size() || normalised[at++] != '-'))
      return false;
    if (at == normalised.size() || normalised[at++] != base::lower(c)) return false;
  }
  return at == normalised.size() && !gap;
}

PyObject* read_text(PyObject*, PyObject* file) {
  if (PyUnicode_Check(file) && PyUnicode_CompareWithASCIIString(file, "METADATA") == 0)
    return PyUnicode_FromStringAndSize(served->metadata.data(),
                                       static_cast<Py_ssize_t>(served->metadata.size()));
  Py_RETURN_NONE;
}

PyObject* locate_file(PyObject*, PyObject* path) {
  const Ref pathlib = Ref::steal(PyImport_ImportModule("pathlib"));
  if (!pathlib) return nullptr;
  return PyObject_CallMethod(pathlib.ptr(), "PurePosixPath", "sO", "<ddpython>", path);
}

constinit PyMethodDef read_text_def = {"read_text", read_text, METH_O, nullptr};
constinit PyMethodDef locate_file_def = {"locate_file", locate_file, METH_O, nullptr};

// importlib.metadata's Distribution with the two methods it leaves open. Built-in functions do not
// bind: they get the argument alone.
PyObject* distribution_type() {
  if (type_object != nullptr) return type_object;
  const Ref metadata = Ref::steal(PyImport_ImportModule("importlib.metadata"));
  if (!metadata) return nullptr;
  const Ref base = Ref::steal(PyObject_GetAttrString(metadata.ptr(), "Distribution"));
  const Ref reads = Ref::steal(PyCFunction_New(&read_text_def, nullptr));
  const Ref locates = Ref::steal(PyCFunction_New(&locate_file_def, nullptr));
  if (!base || !reads || !locates) return nullptr;
  return type_object =
             PyObject_CallFunction(reinterpret_cast<PyObject*>(Py_TYPE(base.ptr())), "s(O){sOsOss}",
                                   "Distribution", base.ptr(), "read_text", reads.ptr(),
                                   "locate_file", locates.ptr(), "__module__", "ddpython");
}

bool is_asked_for(PyObject* arguments) {
  PyObject* context = nullptr;
  if (served == nullptr || !PyArg_UnpackTuple(arguments, "find_distributions", 0, 1, &context) ||
      context == nullptr)
    return false;
  // A search in folders of the caller's is not for us. `name` and `path` are then in its __dict__.
  const Ref given = Ref::steal(PyObject_GetAttrString(context, "__dict__"));
  if (!given || !PyDict_Check(given.ptr()) || PyDict_GetItemString(given.ptr(), "path") != nullptr)
    return false;
  PyObject* const name = PyDict_GetItemString(given.ptr(), "name");
  Py_ssize_t size = 0;
  const char* const data =
      name != nullptr && PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, &size) : nullptr;
  return data != nullptr && same_name({data, static_cast<std::size_t>(size)}, served->name);
}

}  // namespace

PyObject* find_distributions(PyObject*, PyObject* arguments) {
  const Ref found = Ref::steal(PyList_New(0));
  if (!found) return nullptr;
  if (is_asked_for(arguments)) {
    PyObject* const type = distribution_type();
    const Ref one = Ref::steal(type != nullptr ? PyObject_CallNoArgs(type) : nullptr);
    if (!one || PyList_Append(found.ptr(), one.ptr()) != 0) return nullptr;
  }
  PyErr_Clear();
  return PyObject_GetIter(found.ptr());
}

}  // namespace imports

namespace frozen {

void serve(const FrozenDistribution& distribution) { imports::served = &distribution; }

}  // namespace frozen
}  // namespace dd::py
