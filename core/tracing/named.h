// Methods of one argument that may also be given by name.
//
//   {"get_tag", named<"key", py_get_tag>, kNamed, nullptr}

#pragma once

#include <Python.h>

#include <algorithm>
#include <cstddef>

#include "core/py/method.h"

namespace dd::tracing {

template <std::size_t kSize>
struct Literal {
  char text[kSize];
  constexpr Literal(const char (&from)[kSize]) { std::copy_n(from, kSize, text); }
};

inline constexpr int kNamed = METH_FASTCALL | METH_KEYWORDS;

// The one argument, borrowed, or null with an error set.
inline PyObject* only_argument(const char* name, PyObject* const* args, Py_ssize_t count,
                               PyObject* names) {
  const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
  if (count + named != 1) {
    PyErr_Format(PyExc_TypeError, "1 argument is taken: '%s' (%zd given)", name, count + named);
    return nullptr;
  }
  if (named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), name) != 0) {
    PyErr_Format(PyExc_TypeError, "unexpected keyword argument '%U'", PyTuple_GET_ITEM(names, 0));
    return nullptr;
  }
  return args[0];
}

template <Literal kName, PyObject* (*kFunction)(PyObject*, PyObject*)>
PyObject* call_named(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  PyObject* const argument = only_argument(kName.text, args, count, names);
  return argument == nullptr ? nullptr : kFunction(self, argument);
}

template <Literal kName, PyObject* (*kFunction)(PyObject*, PyObject*)>
inline const PyCFunction named = py::method<call_named<kName, kFunction>>;

}  // namespace dd::tracing
