// CPython's calls that the host takes, where no linker did it (--wrap): in an interpreter that is
// another file than ours.

#pragma once

namespace dd::host::preload {

// Before main. Exchanges the addresses through which CPython, and nobody else, calls the C library,
// and makes Py_FinalizeEx, which it calls directly, ours (host/preload/detour.h). What cannot be
// taken stays CPython's.
void take_calls();

}  // namespace dd::host::preload
