// What Python programs tell by telemetry: functions of `ddtrace._native` under
// `ddtrace.internal.telemetry`, which says what their arguments are.

#pragma once

#include <Python.h>

namespace dd::pyshim {

PyObject* telemetry_enabled(PyObject*, PyObject*);
PyObject* telemetry_metric(PyObject*, PyObject* args);         // kind, namespace, name, value, tags
PyObject* telemetry_log(PyObject*, PyObject* args);            // level, message, tags, stack
PyObject* telemetry_configuration(PyObject*, PyObject* args);  // name, value or None, origin, id
// name, enabled, automatic or None, error or None, version
PyObject* telemetry_integration(PyObject*, PyObject* args);
PyObject* telemetry_product(PyObject*, PyObject* args);  // name, enabled
PyObject* telemetry_flush(PyObject*, PyObject* args);    // last, seconds

}  // namespace dd::pyshim
