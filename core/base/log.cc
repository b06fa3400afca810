#include "core/base/log.h"

#include <unistd.h>

#include <atomic>
#include <cstring>

#include "core/base/log_history.h"
#include "core/base/streams.h"

namespace dd::base {
namespace {

constinit std::atomic<LogLevel> lowest{LogLevel::kWarning};
constinit std::atomic<LogLevel> lowest_remembered{LogLevel::kError};

bool prints(LogLevel level) { return level >= lowest.load(std::memory_order_relaxed); }

}  // namespace

void set_log_level(LogLevel level) { lowest.store(level, std::memory_order_relaxed); }

void remember_from(LogLevel level) { lowest_remembered.store(level, std::memory_order_relaxed); }

bool log_wants(LogLevel level) {
  return prints(level) || level >= lowest_remembered.load(std::memory_order_relaxed);
}

void log(LogLevel level, std::string_view message) {
  remember_line(level, message);
  if (!prints(level) || !has_stderr()) return;
  constexpr std::string_view kPrefix = "ddpython: ";
  char line[4096];
  std::memcpy(line, kPrefix.data(), kPrefix.size());
  const std::size_t size = message.size() < sizeof(line) - kPrefix.size() - 1
                               ? message.size()
                               : sizeof(line) - kPrefix.size() - 1;
  std::memcpy(line + kPrefix.size(), message.data(), size);
  line[kPrefix.size() + size] = '\n';
  (void)!write(2, line, kPrefix.size() + size + 1);
}

void log_once(bool& once, LogLevel level, std::string_view message) {
  if (!log_wants(level) || __atomic_exchange_n(&once, true, __ATOMIC_RELAXED)) return;
  log(level, message);
}

}  // namespace dd::base
