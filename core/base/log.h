// Lines for the user, on file descriptor 2: one per cause and process, each saying what to do.
// Nothing is ever written to standard output, and nothing goes through Python's logging.

#pragma once

#include <string_view>

namespace dd::base {

enum class LogLevel : unsigned char { kDebug, kInfo, kWarning, kError };

// DD_TRACE_DEBUG lowers it to kDebug.
void set_log_level(LogLevel lowest);
// Lines from this level on are made, if only for the history (log_history.h); kError: as printed.
void remember_from(LogLevel lowest);
bool log_wants(LogLevel level);  // a line is worth its making

// "ddpython: <message>\n" in one write. Cut at 4 KiB.
void log(LogLevel level, std::string_view message);

// Once per process and `once`, a variable of static storage that starts false.
void log_once(bool& once, LogLevel level, std::string_view message);

}  // namespace dd::base
