// Writing a context variable where it stands.
//
// ContextVar.set() makes a token, a map and a node each time, since maps are shared by copies of a
// context. A map that one context alone holds needs none of it: its value can be exchanged. The
// layout of these objects is CPython's own business; it is tried out once, on objects made for it,
// and where it is another one this declines.

#pragma once

#include <Python.h>

namespace dd::py::compat {

// Sets `variable` in the context of this thread. False, and nothing done: use PyContextVar_Set().
// The value before is dropped last, which may run code of the application.
bool write_context_variable(PyObject* variable, PyObject* value);

// The value that the variable remembers from this thread and context, borrowed; null when it has to
// be looked up.
PyObject* cached_context_value(PyObject* variable);

// The same for a signal handler: whatever this thread's context holds, borrowed, found by reading
// memory only. Null when it is not there or not known.
PyObject* peek_context_value(PyObject* variable);

}  // namespace dd::py::compat
