// Where the code is that answers a request: on the active span and on the first span of this
// process in its trace, unless that one has been told. DD_CODE_ORIGIN_FOR_SPANS_ENABLED.
//
// GIL held; raises nothing.

#pragma once

#include "core/py/ref.h"

namespace dd::contrib {

// Nothing for callables that are no Python functions.
void tell_code_origin(py::Handle function);

}  // namespace dd::contrib
