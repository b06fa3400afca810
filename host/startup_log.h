// One line at the start that says what is configured, and one when the agent does not answer: with
// DD_TRACE_STARTUP_LOGS or DD_TRACE_DEBUG, on standard error, as the reference writes them.

#pragma once

#include <string>

namespace dd::host {

// After connect_tracer(), with the GIL. Asks the agent, at most two seconds.
void write_startup_log();

}  // namespace dd::host
