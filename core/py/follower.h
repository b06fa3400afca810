// An object that stands for an iterable result and sees it through: each item, and its end. It
// forwards everything else (attributes, len, item access, truth) and says it is of the same class.

#pragma once

#include "core/py/hook.h"

namespace dd::py {

// Takes the scope's state along. Empty, and the scope untouched, when `result` is not iterable or
// memory ran out. `watch` must outlive the object.
Ref follow_iterator(Handle result, const Watch& watch, Scope& scope, const void* data);

}  // namespace dd::py
