// Remote configuration for Python programs: `ddtrace.internal.remoteconfig` registers callbacks,
// and a thread that it starts with the first one waits here for what they are to be told. The
// worker, which must not take the GIL, only puts it down. These are functions of `ddtrace._native`.

#pragma once

#include <Python.h>

namespace dd::pyshim {

PyObject* remote_config_wanted(PyObject*, PyObject*);
PyObject* remote_config_pause(PyObject*, PyObject*);
PyObject* remote_config_subscribe(PyObject*, PyObject* product);
PyObject* remote_config_unsubscribe(PyObject*, PyObject* product);
PyObject* remote_config_capabilities(PyObject*, PyObject* bits);
// Waits without the GIL. A list of (product, path, id, version, content or None), content as text.
// Nothing arrives in a process that was forked meanwhile: it starts a thread of its own.
PyObject* remote_config_next(PyObject*, PyObject*);
PyObject* remote_config_failed(PyObject*, PyObject* path_version_why);

}  // namespace dd::pyshim
