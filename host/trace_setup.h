// The tracer of this process: its facts from the settings, and where finished traces go.

#pragma once

#include <span>

#include "core/base/status.h"

namespace dd::contrib {
class Settings;
}

namespace dd::host {

// Reads the environment into the settings and tells the tracer what is the same for all spans.
// Before Python; the environment is not looked at again. `arguments` are those of python, without
// the program: the service may be inferred from them.
Status set_up_tracer(std::span<char* const> arguments);

// Connects the tracer to its sinks. No thread and no descriptor before the first finished trace.
// With the GIL, in a complete interpreter.
Status connect_tracer(bool print_locally);

// Hooks the libraries of the integrations that are on, now or when they are imported. After
// connect_tracer, with the GIL.
Status hook_libraries();

// The settings of integrations as the process has them; made when first asked for, kept.
const contrib::Settings& integration_settings();

// At the end of the process: whether it has anything to tell. Any thread.
bool will_speak();

// Sends what is waiting and stops the thread; at most some seconds with an agent, a tenth of one
// without. At the end of the process, without the GIL.
void stop_tracer();

}  // namespace dd::host
