// Lines for the user, on file descriptor 2: one per cause and process, each saying what to do.
// Nothing is ever written to standard output, and nothing goes through Python's logging.

#pragma once

#include <string_view>

namespace dd::base {

enum class LogLevel : unsigned char { kDebug, kWarning, kError };

// DD_TRACE_DEBUG lowers it to kDebug.
void set_log_level(LogLevel lowest);
bool log_wants(LogLevel level);

// "ddpython: <message>\n" in one write. Cut at 4 KiB.
void log(LogLevel level, std::string_view message);

// Once per process and `once`, a variable of static storage that starts false.
void log_once(bool& once, LogLevel level, std::string_view message);

}  // namespace dd::base
