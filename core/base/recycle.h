// Memory that one thread uses up and another gives back, again and again.
//
// Each thread keeps a few pieces of each kind to itself; what is more goes between threads in
// bundles, so neither side touches a shared word, or the piece itself, for each. A thread that ends
// passes on what it has. Any thread; a forked child goes on with what the forking thread had.

#pragma once

#include <cstddef>
#include <cstdint>

namespace dd::base {

enum class Recycled : std::uint8_t { kArenaBlock, kSegment, kCount };

namespace detail {

struct Bundle {
  static constexpr std::uint32_t kMost = 62;
  Bundle* next;
  std::uint32_t count, room;  // no room until the thread is known
  void* pieces[kMost];
};
// Trivial, so that reaching it is one address.
extern constinit thread_local Bundle shelf[static_cast<int>(Recycled::kCount)];

bool fill(Recycled kind);       // false: nothing is left anywhere
bool make_room(Recycled kind);  // false: enough is kept

}  // namespace detail

// Null when there is none. The first `bytes` of the piece after it are fetched meanwhile: another
// core has written them last.
inline void* take_recycled(Recycled kind, std::size_t bytes = 0) {
  detail::Bundle& own = detail::shelf[static_cast<int>(kind)];
  if (own.count == 0 && !detail::fill(kind)) [[unlikely]]
    return nullptr;
  void* const piece = own.pieces[--own.count];
  if (own.count != 0)
    for (std::size_t at = 0; at < bytes; at += 64)
      __builtin_prefetch(static_cast<char*>(own.pieces[own.count - 1]) + at, 1);
  return piece;
}

// False: the caller frees it.
[[nodiscard]] inline bool recycle(Recycled kind, void* piece) {
  detail::Bundle& own = detail::shelf[static_cast<int>(kind)];
  if (own.count >= own.room && !detail::make_room(kind)) [[unlikely]]
    return false;
  own.pieces[own.count++] = piece;
  return true;
}

}  // namespace dd::base
