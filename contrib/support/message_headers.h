// Headers of a message that carry its trace, in the forms in which clients of queues take them.
//
// GIL held; nothing here raises.

#pragma once

#include "core/py/ref.h"

namespace dd::contrib {

// What the caller gave, with the headers of the span's trace added: a new dictionary, or a new list
// of pairs when a list was given. Nothing given makes a dictionary.
py::Ref with_trace_headers(py::Handle given, py::Handle span);

}  // namespace dd::contrib
