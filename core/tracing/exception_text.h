// The text of an exception as `traceback.format_exception` gives it, for error.stack.
//
// A frame's lines are formatted once by the `traceback` module and kept with the code object, which
// frees them: an error that passes ten spans formats each of its frames once. Exceptions that need
// more than frames and a last line (causes, notes, groups, syntax errors, suggestions) go to the
// module whole. Needs the GIL.

#pragma once

#include "core/py/ref.h"

namespace dd::tracing {

// The `limit` most recent frames and the exception. `message` is str(value), or empty when that
// failed. Empty with a Python error set when the traceback module failed.
py::Ref exception_text(py::Handle type, py::Handle value, py::Handle traceback, py::Handle message,
                       int limit);

}  // namespace dd::tracing
