// `ddtrace._native`: the types of core/tracing for the Python package on top of them.

#pragma once

#include <Python.h>

namespace dd::pyshim {

// As PyInit_x: a multi-phase module definition.
PyObject* init_native();

}  // namespace dd::pyshim
