// Python values as MessagePack: what meta_struct carries.

#pragma once

#include <string>

#include "core/py/ref.h"

namespace dd::tracing {

// None, booleans, integers, floats, texts, bytes, lists, tuples and dicts as themselves; the rest,
// and what is nested deeper than a hundred levels, as str(value). Needs the GIL; raises nothing.
std::string pack(py::Handle value);

}  // namespace dd::tracing
