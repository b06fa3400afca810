// How often each style was read and written in this process, for telemetry.

#pragma once

#include <atomic>
#include <cstdint>

#include "core/propagation/propagation.h"

namespace dd::propagation {

inline constexpr int kStyles = 5;

// Written without a lock: two threads that count at the very same time may count one.
class Count {
 public:
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }
  void add() { value_.store(get() + 1, std::memory_order_relaxed); }
  void clear() { value_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct Tally {
  Count extracted[kStyles], injected[kStyles];  // by Style
  Count malformed_baggage, too_many_items, too_many_bytes;
};
extern Tally tally;

inline void count_extracted(Style style) { tally.extracted[static_cast<int>(style)].add(); }
inline void count_injected(Style style) { tally.injected[static_cast<int>(style)].add(); }

// A forked child begins at zero.
void clear_tally();

}  // namespace dd::propagation
