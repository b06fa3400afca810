// Requests of Python to an agent, one at a time, with what agents hear of us: for writers that
// programs make.

#pragma once

#include "core/py/ref.h"

namespace dd::pyshim {

// post(url, target, headers, body, attempts, seconds of each) -> (status, body, problem); status 0:
// no answer. ValueError: the URL cannot be used. Waits without the GIL.
PyObject* post(PyObject*, PyObject* args);

}  // namespace dd::pyshim
