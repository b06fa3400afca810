// The package a program is told to be (DD_MAIN_PACKAGE): its name goes on each trace, and where
// nobody says what the program was made from, its metadata does (`source_code_link` among its
// project's URLs: "https://host/repository#commit").

#pragma once

#include "core/trace/tracer.h"

namespace dd::host {

// Looks for the package's metadata in the folders of sys.path. With the GIL; imports nothing.
void add_main_package(trace::ProcessFacts& facts);

}  // namespace dd::host
