// An entry of a method table, for a function of any of the shapes that CPython's flags name.
//
//   {"get", py::method<get>, METH_FASTCALL | METH_KEYWORDS, "get($self, /, name)\n--\n\n..."}
//
// A constant with a constant value: the table is data, nothing fills it before main.

#pragma once

#include <Python.h>

namespace dd::py {

template <auto kFunction>
inline const PyCFunction method =
    reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(kFunction));

}  // namespace dd::py
