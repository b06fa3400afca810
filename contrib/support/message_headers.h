// Headers of a message that carry its trace, in the forms in which clients of queues take them.
//
// GIL held; nothing here raises.

#pragma once

#include <string_view>

#include "core/py/ref.h"

namespace dd::contrib {

// What the caller gave, with the headers of the span's trace added: a new dictionary, or a new list
// of pairs when something else was given. Nothing given makes a dictionary.
py::Ref with_trace_headers(py::Handle given, py::Handle span);
// Always a list; `value_of` is py::str or py::bytes.
py::Ref with_trace_pairs(py::Handle given, py::Handle span, py::Ref (*value_of)(std::string_view));

}  // namespace dd::contrib
