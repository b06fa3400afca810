// The last lines that were logged, whatever the level: what a flare shows of the time before it was
// asked for. At most 64 KiB.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/log.h"

namespace dd::base {

struct LoggedLine {
  std::int64_t wall_ns = 0;
  LogLevel level = LogLevel::kDebug;
  std::string logger, message;
};

// log() does, and the package's loggers; any thread.
void remember_line(LogLevel level, std::string_view message, std::string_view logger = "ddtrace");
std::vector<LoggedLine> logged_lines();  // oldest first

}  // namespace dd::base
