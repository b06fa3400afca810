#include "core/base/clock.h"

#include <ctime>

namespace dd::base {
namespace {

std::int64_t read(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t wall_ns() { return read(CLOCK_REALTIME); }
std::int64_t monotonic_ns() { return read(CLOCK_MONOTONIC); }

}  // namespace dd::base
