// DD_TRACE_METHODS: functions of the program that are traced because the environment names them,
// `module:function,Class.method;other.module:function`.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace dd::pyshim {

struct FunctionsOfModule {
  std::string module;
  std::vector<std::string> names;  // "function", "Class.method"
};

// An error says which part is wrong; then none is traced.
Result<std::vector<FunctionsOfModule>> parse_traced_functions(std::string_view text);

// Puts the spans around them when their modules are imported. Needs the GIL.
void watch_traced_functions();

}  // namespace dd::pyshim
