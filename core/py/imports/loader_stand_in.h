// Stands in for a loader on the spec of a watched module until the module's code runs.

#pragma once

#include "core/py/imports/watch_table.h"

namespace dd::py::imports {

// Replaces `spec.loader`. False, with no exception set, when the loader is not of the kind that can
// be watched this way (none, or one without exec_module): the spec is then as it was.
bool watch_loader(Entry& entry, PyObject* spec);

// Calls the hooks of an entry. False with KeyboardInterrupt, SystemExit and the like set; anything
// else that went wrong is dropped.
bool run_hooks(const Entry& entry, PyObject* module);

// The module in sys.modules when its code has run to the end, borrowed; null otherwise.
PyObject* finished_module(const Entry& entry);

}  // namespace dd::py::imports
