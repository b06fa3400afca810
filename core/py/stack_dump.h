// The Python stacks of all threads as text, as faulthandler writes them.

#pragma once

namespace dd::py {

// Safe in a signal handler, with or without the GIL; nothing when Python is not running.
void dump_stacks(int file);

}  // namespace dd::py
