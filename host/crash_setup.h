// Crash reports of this process: what products/crash is told, and the Python side of it.

#pragma once

namespace dd::host {

// The facts of the process have changed.
void refresh_crash_facts();
// An exception nobody caught ends the program: reported. With the GIL, before finalization.
void report_uncaught_exception();

}  // namespace dd::host
