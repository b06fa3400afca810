// What the settings and the command line say about this process, for Tracer::set_facts().

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/trace/tracer.h"

namespace dd::trace {

// What stands before the host of a URL never leaves the machine.
std::string without_credentials(std::string url);

// `arguments` is the command line of python without the program. Call after the settings are
// resolved.
ProcessFacts facts_from_settings(std::span<const std::string_view> arguments);
// What programs may change later: the host's name, wide ids, when unfinished traces are sent.
void read_changeable(ProcessFacts& facts);

}  // namespace dd::trace
