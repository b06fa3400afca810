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

// Sampling, and what follows when the program sets variables late. With the GIL, in a complete
// interpreter.
Status connect_tracer();

// The settings of integrations as the process has them; made when first asked for, kept.
const contrib::Settings& integration_settings();

}  // namespace dd::host
