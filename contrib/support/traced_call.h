// A callable that runs another one inside a span: for what a framework asks for just before it
// calls it once. The function itself is not touched, and neither is any registration of it.
//
// GIL held.

#pragma once

#include <string_view>

#include "core/py/ref.h"

namespace dd::contrib {

struct TracedCall {
  std::string_view name;
  std::string_view resource{};  // null data: the name
  std::string_view component;   // immortal text
};

// Empty only when memory ran out.
py::Ref traced_call(py::Handle function, const TracedCall& what);

// How many traced calls run in this thread.
int traced_call_depth();

}  // namespace dd::contrib
