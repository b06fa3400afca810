// `ddtrace._contrib`: integrations and their settings, for the Python package.

#pragma once

#include <Python.h>

namespace dd::contrib {

// As PyInit_x: a multi-phase module definition.
PyObject* init_native();

// What to do when the package is imported: the environment may have changed since the start.
void set_look_again(void (*look)());

}  // namespace dd::contrib
