// From the command line to a running, traced application.
//
// Start-up is a table of steps (bootstrap.cc). A step that fails switches off what comes after it,
// takes our finder out of sys.meta_path, and prints one line: what runs then is plain python. For
// tests, _DD_TEST_FAIL_STEP names a step that fails, or with a leading `!` throws; product:NAME one
// product only.

#pragma once

#include "host/command_line.h"

namespace dd::host {

// The whole program: decides by argv[0] whether it is python or ddtrace-run.
int run(int argc, char** argv);

// The options of this process. Valid from the first step on.
const Options& options();

}  // namespace dd::host
