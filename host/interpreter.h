// The interpreter from configuration to finalisation.

#pragma once

namespace dd::host {

// Runs CPython on the command line and gives the exit status.
int run_interpreter(int argc, char** argv);

}  // namespace dd::host
