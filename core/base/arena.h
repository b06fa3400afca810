// A bump allocator: what belongs to one chunk of spans, released at once.
//
// Blocks are recycled (core/base/recycle.h), so a program that traces at a steady rate stops asking
// the system for memory. An arena is used by one thread at a time; giving it to
// another thread needs the ordering of whatever hands it over.

#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dd::base {

class Arena {
 public:
  static constexpr std::size_t kBlockBytes = 1024;

  Arena() = default;
  ~Arena() { clear(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&& other) noexcept { swap(other); }
  void swap(Arena& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(end_, other.end_);
    std::swap(blocks_, other.blocks_);
    std::swap(bytes_, other.bytes_);
  }

  // Never null, aligned to `align` (a power of two, at most 16). Large requests get a block of
  // their own.
  void* allocate(std::size_t bytes, std::size_t align = 8) {
    const std::uintptr_t at = (at_ + align - 1) & ~(align - 1);
    if (at + bytes > end_) [[unlikely]]
      return allocate_slow(bytes, align);
    at_ = at + bytes;
    return reinterpret_cast<void*>(at);
  }

  // Objects made here are never destroyed, only forgotten: trivial destructors only.
  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{static_cast<Args&&>(args)...};
  }

  std::string_view copy(std::string_view text);

  // Memory held, in bytes, with the unused rest of blocks.
  std::size_t bytes() const { return bytes_; }
  void clear();

  // Gives the blocks that this thread can reach back to the system (tests).
  static void trim_pool();

 private:
  struct Block;
  void* allocate_slow(std::size_t bytes, std::size_t align);

  std::uintptr_t at_ = 0, end_ = 0;
  Block* blocks_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace dd::base
