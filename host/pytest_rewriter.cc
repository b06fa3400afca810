#include "host/pytest_rewriter.h"

#include <Python.h>

#include <string_view>

#include "core/py/imports/import_hook.h"
#include "core/py/method.h"
#include "core/py/ref.h"

namespace dd::host {
namespace {

using py::Handle;
using py::Ref;

constexpr std::string_view kPackage = "ddtrace";

bool is_ours(PyObject* name) {
  Py_ssize_t size = 0;
  const char* const data = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, &size) : nullptr;
  if (data == nullptr) {
    PyErr_Clear();
    return false;
  }
  const std::string_view text(data, static_cast<std::size_t>(size));
  return text.starts_with(kPackage) &&
         (text.size() == kPackage.size() || text[kPackage.size()] == '.');
}

// In the place of `AssertionRewritingHook._find_spec`; `real` is what stood there.
PyObject* find_spec(PyObject* real, PyObject* arguments, PyObject* keywords) {
  if (PyTuple_GET_SIZE(arguments) > 0 && is_ours(PyTuple_GET_ITEM(arguments, 0))) Py_RETURN_NONE;
  return PyObject_Call(real, arguments, keywords);
}

void narrow(Handle module, const void*) {
  static PyMethodDef find_spec_def = {"find_spec", py::method<find_spec>,
                                      METH_VARARGS | METH_KEYWORDS, nullptr};
  const Ref hook = Ref::steal(PyObject_GetAttrString(module.ptr(), "AssertionRewritingHook"));
  const Ref real = Ref::steal(hook ? PyObject_GetAttrString(hook.ptr(), "_find_spec") : nullptr);
  const Ref ours = Ref::steal(real ? PyCFunction_New(&find_spec_def, real.ptr()) : nullptr);
  if (ours) (void)PyObject_SetAttrString(hook.ptr(), "_find_spec", ours.ptr());
  PyErr_Clear();
}

constexpr py::ModuleHook kHooks[] = {{"_pytest.assertion.rewrite", &narrow}};

}  // namespace

void keep_package_from_pytest_rewriter() { py::import_hook::add(kHooks); }

}  // namespace dd::host
