// Packages inside the binary as importlib.metadata sees them: `version("ddtrace")` answers for
// ours, whatever is installed. Asked for by name only: lists of what is installed stay as they are.

#pragma once

#include <string_view>

#include "core/py/ref.h"

namespace dd::py {

struct FrozenDistribution {
  std::string_view name;      // normalised: "ddtrace"
  std::string_view metadata;  // the text of METADATA
};

namespace frozen {

// One. Static storage. GIL not needed.
void serve(const FrozenDistribution& distribution);

}  // namespace frozen

namespace imports {

// find_distributions(context) of the finder: an iterator, or null with an exception set.
PyObject* find_distributions(PyObject* self, PyObject* arguments);

}  // namespace imports
}  // namespace dd::py
