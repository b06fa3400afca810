// From imported modules to the distributions they came with, by the metadata folders beside them.
// Reads files: for the worker.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/telemetry/telemetry.h"

namespace dd::telemetry {

// Of modules below a folder site-packages or dist-packages; each distribution once, sorted, named
// as PEP 503 says, without ours.
std::vector<Dependency> dependencies_of(const std::vector<Module>& modules);

std::string normal_name(std::string_view name);  // "Typing_Extensions" -> "typing-extensions"

}  // namespace dd::telemetry
