// Times of spans are the application's: sums and differences may be no time at all, and are then
// the last or first there is.

#pragma once

#include <cstdint>

#include "core/trace/span.h"

namespace dd::trace {

inline std::int64_t end_of(std::int64_t start_ns, std::int64_t duration_ns) {
  std::int64_t end = 0;
  if (__builtin_add_overflow(start_ns, duration_ns, &end))
    return duration_ns > 0 ? INT64_MAX : INT64_MIN;
  return end;
}
inline std::int64_t length_of(std::int64_t start_ns, std::int64_t end_ns) {
  std::int64_t length = 0;
  if (__builtin_sub_overflow(end_ns, start_ns, &length))
    return end_ns > start_ns ? INT64_MAX : INT64_MIN;
  return length;
}
inline std::int64_t end_of(const Span& span) { return end_of(span.start_ns, span.duration_ns); }

}  // namespace dd::trace
