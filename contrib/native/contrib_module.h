// `ddtrace._contrib`: integrations and their settings, for the Python package.

#pragma once

#include <Python.h>

namespace dd::contrib {

// As PyInit_x: a multi-phase module definition.
PyObject* init_native();

}  // namespace dd::contrib
