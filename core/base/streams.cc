#include "core/base/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>

namespace dd::base {
namespace {
constinit std::atomic<bool> closed{false};
}

void look_at_streams() { closed.store(fcntl(2, F_GETFD) < 0, std::memory_order_relaxed); }

bool has_stderr() { return !closed.load(std::memory_order_relaxed); }

int above_streams(int file) {
  if (file < 0 || file > 2) return file;
  const int higher = fcntl(file, F_DUPFD_CLOEXEC, 3);
  close(file);
  return higher;
}

}  // namespace dd::base
