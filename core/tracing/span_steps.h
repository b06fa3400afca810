// `__enter__` and `__exit__` of Span. A `with` binds both as methods before it calls them; ours
// bind to small recycled objects instead of making a new built-in method each time. Needs the GIL.

#pragma once

#include <Python.h>

namespace dd::tracing {

using SpanStep = PyObject* (*)(PyObject* span, PyObject* const* args, Py_ssize_t count);

// Puts both into the type. False with an error set.
bool add_span_steps(PyTypeObject* type, SpanStep enter, SpanStep exit);

}  // namespace dd::tracing
