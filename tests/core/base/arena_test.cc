#include "core/base/arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace dd::base {
namespace {

TEST(Arena, gives_aligned_memory_that_does_not_overlap) {
  Arena arena;
  std::vector<std::pair<char*, std::size_t>> pieces;
  for (std::size_t size = 1; size < 5000; size = size * 2 + 1) {
    auto* piece = static_cast<char*>(arena.allocate(size, 8));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(piece) % 8, 0u);
    std::memset(piece, static_cast<int>(pieces.size()), size);
    pieces.emplace_back(piece, size);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i)
    for (std::size_t k = 0; k < pieces[i].second; ++k)
      ASSERT_EQ(pieces[i].first[k], static_cast<char>(i));
}

TEST(Arena, copies_text) {
  Arena arena;
  std::string text(10'000, 'x');
  const std::string_view copy = arena.copy(text);
  text.assign(10'000, 'y');
  EXPECT_EQ(copy, std::string(10'000, 'x'));
}

TEST(Arena, reuses_blocks_given_back_by_another_thread) {
  Arena::trim_pool();
  void* seen = nullptr;
  std::thread([&] {
    Arena arena;
    seen = arena.allocate(64);
  }).join();
  Arena arena;
  EXPECT_EQ(arena.allocate(64), seen);
}

}  // namespace
}  // namespace dd::base
