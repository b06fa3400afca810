// What CPython's garbage collector does: told by a callback in gc.callbacks, at the start and the
// end of each collection.

#pragma once

#include <cstdint>

namespace dd::py {

// On the thread that collects, with the GIL. It must not allocate Python objects, or lock anything
// that is held while Python runs.
using Collected = void (*)(int generation, std::int64_t pause_ns);
// False with the GIL and no error set when the module gc is not as expected. Once more: nothing.
bool watch_collector(Collected collected);
void leave_collector();
// gc.get_count(), with the GIL.
void read_collector_counts(std::int64_t (&counts)[3]);

}  // namespace dd::py
