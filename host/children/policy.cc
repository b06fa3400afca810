#include "host/children/policy.h"

#include "host/exec_calls.h"

namespace dd::host::children {
namespace {

constinit config::Setting<bool> python_children({.env = "DD_TRACE_PYTHON_CHILDREN",
                                                 .fallback = "true"});
config::SettingBase* const kTable[] = {&python_children};

}  // namespace

std::span<config::SettingBase* const> settings() { return kTable; }

Status follow() {
  redirect_children(python_children.get());
  return {};
}

}  // namespace dd::host::children
