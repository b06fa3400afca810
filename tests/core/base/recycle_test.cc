#include "core/base/recycle.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <thread>
#include <vector>

namespace dd::base {
namespace {

constexpr Recycled kKind = Recycled::kSegment;

void give_all(std::vector<int>& pieces) {
  for (int& piece : pieces) ASSERT_TRUE(recycle(kKind, &piece));
}
std::set<void*> take_all() {
  std::set<void*> seen;
  while (void* piece = take_recycled(kKind)) EXPECT_TRUE(seen.insert(piece).second);
  return seen;
}

TEST(Recycle, gives_each_piece_once_from_thread_to_thread) {
  (void)take_all();
  std::vector<int> pieces(1000);
  std::thread([&] { give_all(pieces); }).join();
  EXPECT_EQ(take_all().size(), pieces.size());
  // A thread that took first gives, too.
  give_all(pieces);
  EXPECT_EQ(take_all().size(), pieces.size());
}

TEST(Recycle, keeps_a_bounded_number) {
  (void)take_all();
  std::vector<int> pieces(100'000);
  std::size_t kept = 0;
  for (int& piece : pieces) kept += recycle(kKind, &piece);
  EXPECT_LT(kept, 10'000u);
  EXPECT_EQ(take_all().size(), kept);
}

TEST(Recycle, serves_makers_and_users_at_once) {
  (void)take_all();
  std::vector<int> pieces(20'000);
  std::thread giver([&] {
    for (int& piece : pieces)
      while (!recycle(kKind, &piece)) std::this_thread::yield();
  });
  std::set<void*> seen;
  for (int idle = 0; idle < 2; idle += seen.size() == pieces.size()) {
    const std::set<void*> more = take_all();
    seen.insert(more.begin(), more.end());
    if (seen.size() + 62 >= pieces.size() && giver.joinable()) giver.join();
  }
  EXPECT_EQ(seen.size(), pieces.size());
}

}  // namespace
}  // namespace dd::base
