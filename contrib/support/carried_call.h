// A callable that runs another one, elsewhere, as a continuation of the trace that is active here:
// for work that a pool or a scheduler takes over. Spans made there belong to this trace but not to
// a span of it: that one may have ended by then.
//
// GIL held.

#pragma once

#include "core/py/ref.h"

namespace dd::contrib {

// Empty when nothing is active, or `function` cannot be called: pass it on as it is.
py::Ref carried_call(py::Handle function);

}  // namespace dd::contrib
