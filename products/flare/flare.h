// The tracer flare: on a task of remote configuration the agent gets a ZIP archive with the last
// lines this process logged and its settings, for a case of the support. Of keys only the last four
// characters.
//
//   AGENT_CONFIG  "flare-log-level.debug": a task may follow. The lines are kept anyway; from now
//   on those of this level too, until the flare is sent or the configuration goes AGENT_TASK
//   {"task_type": "tracer_flare", "uuid", "args": {"case_id", "hostname", "user_handle"}}
//
// Of several processes that get the task (forked workers) one answers. Source: WIRE.md section 12.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/setting.h"
#include "core/remote_config/remote_config.h"

namespace dd::flare {

// Of Python's logging; kUsual: as without a flare.
inline constexpr int kUsual = 0;

struct Options {
  std::vector<std::span<config::SettingBase* const>> settings;
  void (*set_level)(int level) = nullptr;  // of the package's loggers; on the worker
};
void start(Options options);                       // once
std::span<const remote_config::Product> remote();  // what it wants to hear of

struct Task {
  std::string case_id, hostname, user, uuid;
};
bool is_case_id(std::string_view text);    // "12345", "12345-with-debug"
int level_named(std::string_view name);    // "debug": 10; kUsual when there is none
std::string hidden(std::string_view key);  // "****cdef"
// The body of the request and the boundary of its parts.
struct Form {
  std::string boundary, body;
};
Form make_form(const Task& task, const std::string& archive, std::int64_t now_s);

}  // namespace dd::flare
