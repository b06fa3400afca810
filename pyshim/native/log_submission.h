// Records of `logging` that go to the logs intake without an agent:
// DD_AGENTLESS_LOG_SUBMISSION_ENABLED. Every record that a logger takes is sent; handlers, levels
// and basicConfig() are as without us.

#pragma once

#include <span>

#include "core/base/status.h"
#include "core/config/setting.h"

namespace dd::pyshim {

std::span<config::SettingBase* const> log_submission_settings();
bool log_submission_wanted();
// With the GIL, after the finder is there. An error: there is no API key.
Status submit_logs();

}  // namespace dd::pyshim
