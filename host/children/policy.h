// Which children of this process are traced: DD_TRACE_PYTHON_CHILDREN.
//
//   direct  every python this process executes, by path, by name or as a script. The default of
//           ddpython. Nothing in the child's environment changes.
//   all     also pythons that other programs execute on its behalf (a shell, make, env): those
//           programs preload ddchildren3.X.so, and LD_PRELOAD shows it to them. The default of
//           ddtrace-run and of whatever it starts.
//   none    only what starts ddpython itself, as sys.executable of a ddpython does
//
// PYTHONPATH is never touched, and python programs see their environment as it would be.

#pragma once

#include <span>

#include "core/base/status.h"
#include "core/config/setting.h"
#include "host/exec_calls.h"

namespace dd::host::children {

std::span<config::SettingBase* const> settings();

// This process was started by one whose children are all followed, or is ddtrace-run: the default
// is `all`. Before follow().
void inherit_all();
// Takes our library out of LD_PRELOAD; where it was, inherit_all().
void take_library();

Children policy();
// Starts to follow the policy. Settings resolved.
Status follow();
// The same before settings are resolved: for programs that ddtrace-run executes at once.
void follow_early();

}  // namespace dd::host::children
