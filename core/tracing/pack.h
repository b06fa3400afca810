// Python values as MessagePack: what meta_struct carries.

#pragma once

#include <string>

#include "core/py/ref.h"

namespace dd::tracing {

// None, booleans, integers, floats, texts, bytes, bytearrays, lists and dicts of exactly these
// types as themselves, everything else as a text that names its type: no code of the application
// runs. So it is with containers inside of themselves, deeper than a hundred levels or after many
// bytes. Needs the GIL; raises nothing.
std::string pack(py::Handle value);

}  // namespace dd::tracing
