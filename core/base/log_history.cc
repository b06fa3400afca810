#include "core/base/log_history.h"

#include <utility>

#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace dd::base {
namespace {

constexpr std::size_t kLines = 256, kLineBytes = 256;

constinit Mutex history_mutex;
constinit LoggedLine* lines DD_GUARDED_BY(history_mutex) = nullptr;  // kLines of them, a ring
constinit std::size_t written DD_GUARDED_BY(history_mutex) = 0;

}  // namespace

// Never waits: another thread may hold the mutex, or have held it when this process was forked.
void remember_line(LogLevel level, std::string_view message,
                   std::string_view logger) DD_NO_THREAD_SAFETY {
  if (!history_mutex.try_lock()) return;
  if (lines == nullptr) lines = new LoggedLine[kLines];
  lines[written++ % kLines] = {wall_ns(), level, std::string(logger.substr(0, kLineBytes)),
                               std::string(message.substr(0, kLineBytes))};
  history_mutex.unlock();
}

std::vector<LoggedLine> logged_lines() DD_NO_THREAD_SAFETY {
  std::vector<LoggedLine> out;
  if (!history_mutex.try_lock()) return out;
  for (std::size_t i = written > kLines ? written - kLines : 0; i < written; ++i)
    out.push_back(lines[i % kLines]);
  history_mutex.unlock();
  return out;
}

}  // namespace dd::base
