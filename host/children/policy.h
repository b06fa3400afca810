// Which children of this process are traced: DD_TRACE_PYTHON_CHILDREN.
//
//   true    (default) every python this process executes, by path, by name or as a script
//   false   only what starts ddpython itself, as sys.executable of a ddpython does
//
// Neither PYTHONPATH nor any other variable is touched: the program changes, not its environment.

#pragma once

#include <span>

#include "core/base/status.h"
#include "core/config/setting.h"

namespace dd::host::children {

std::span<config::SettingBase* const> settings();

// Starts to follow the policy. Settings resolved.
Status follow();

}  // namespace dd::host::children
