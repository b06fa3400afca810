// What the processes of one family share: who asks, and what was answered.

#include "core/remote_config/family.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/remote_config/repository.h"

namespace dd::remote_config {
namespace {

constexpr std::int64_t kStale = 100;

// Runs `what` in a forked child; whether it said true.
template <class F>
bool in_child(F&& what) {
  const pid_t child = fork();
  if (child == 0) _exit(what() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Family, has_one_that_asks) {
  Family family;
  ASSERT_TRUE(family.open());
  EXPECT_TRUE(family.lead(1, 10, kStale));
  EXPECT_TRUE(in_child([&] { return !family.lead(2, 20, kStale); }));
  EXPECT_TRUE(family.lead(1, 90, kStale));
  EXPECT_FALSE(family.lead(2, 150, kStale));
  EXPECT_TRUE(family.lead(2, 190, kStale)) << "no sign of life for so long";
  EXPECT_FALSE(family.lead(1, 200, kStale));
  family.resign(1);
  EXPECT_FALSE(family.lead(1, 200, kStale)) << "only its own office can be given up";
  family.resign(2);
  EXPECT_TRUE(in_child([&] { return family.lead(3, 200, kStale); }));
  EXPECT_FALSE(family.lead(1, 200, kStale));
}

TEST(Family, reads_what_another_was_answered) {
  Family family;
  ASSERT_TRUE(family.open());
  std::uint64_t seen = 0;
  EXPECT_FALSE(family.news(seen));
  EXPECT_TRUE(in_child([&] {
    std::uint64_t own = 0;
    family.publish("one", own);
    family.publish("three", own);
    return !family.news(own);
  }));
  EXPECT_EQ(family.news(seen), "three");
  EXPECT_FALSE(family.news(seen));
  family.publish(std::string(Family::kMostBytes + 1, 'x'), seen);
  EXPECT_FALSE(family.news(seen));
  family.publish("", seen);
  std::uint64_t new_one = 0;
  EXPECT_EQ(family.news(new_one), "");
}

TEST(Family, never_reads_half_of_what_is_written) {
  Family family;
  ASSERT_TRUE(family.open());
  const pid_t writer = fork();
  if (writer == 0) {
    std::uint64_t seen = 0;
    for (int i = 0;; ++i) {
      family.publish(std::string(20000 + i % 7, static_cast<char>('a' + i % 7)), seen);
      if (i % 16 == 0) usleep(100);
    }
  }
  std::uint64_t seen = 0;
  int read = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (read < 500 && std::chrono::steady_clock::now() < end) {
    const auto text = family.news(seen);
    if (!text) {
      sched_yield();
      continue;
    }
    ++read;
    ASSERT_FALSE(text->empty());
    const char letter = text->front();
    EXPECT_EQ(text->size(), 20000u + static_cast<unsigned>(letter - 'a'));
    EXPECT_EQ(text->find_first_not_of(letter), std::string::npos);
  }
  kill(writer, SIGKILL);
  waitpid(writer, nullptr, 0);
  EXPECT_GT(read, 0);
  family.publish("whole", seen);  // also when the writer was killed in the middle
  std::uint64_t other = 0;
  EXPECT_EQ(family.news(other), "whole");
}

TEST(Family, puts_down_what_members_want) {
  Family family;
  ASSERT_TRUE(family.open());
  EXPECT_TRUE(in_child([&] {
    family.put_down(Family::List::kProducts, "ASM_DATA");
    family.put_down(Family::List::kServices, "redis");
    family.want_capabilities(6);
    return true;
  }));
  family.put_down(Family::List::kProducts, "ASM_DATA");
  family.want_capabilities(8);
  EXPECT_EQ(family.names(Family::List::kProducts), std::vector<std::string>{"ASM_DATA"});
  EXPECT_EQ(family.names(Family::List::kServices), std::vector<std::string>{"redis"});
  EXPECT_EQ(family.capabilities(), 14u);
  for (int i = 0; i < 100; ++i) family.put_down(Family::List::kServices, "s" + std::to_string(i));
  EXPECT_EQ(family.names(Family::List::kServices).size(), 64u);
}

TEST(Family, members_have_what_the_one_was_given) {
  const auto entry = [](std::string_view text) {
    return std::to_string(text.size()) + ":" + std::string(text);
  };
  const auto row = [&](std::string_view id, std::string_view hash, std::string_view content) {
    return entry("datadog/2/P/" + std::string(id) + "/config") + entry(hash) + entry("7") +
           entry(content);
  };
  Repository member;
  Changes changes = member.adopt(row("a", "h1", "{\"x\": 1}") + row("b", "h2", ""));
  ASSERT_EQ(changes.added.size(), 2u);
  EXPECT_EQ(changes.added[0]->content, "{\"x\": 1}");
  EXPECT_EQ(changes.added[0]->product + changes.added[0]->id, "Pa");
  EXPECT_EQ(changes.added[0]->version, 7);
  Repository another;
  EXPECT_EQ(another.adopt(member.written()).added.size(), 2u);
  EXPECT_EQ(another.written(), member.written());
  changes = member.adopt(row("b", "h3", "{}"));
  ASSERT_EQ(changes.added.size(), 1u);
  EXPECT_EQ(changes.added[0]->sha256, "h3");
  ASSERT_EQ(changes.removed.size(), 1u);
  EXPECT_EQ(changes.removed[0]->id, "a");
  EXPECT_TRUE(member.adopt(row("b", "h3", "{}")).added.empty());
  EXPECT_EQ(member.adopt("").removed.size(), 1u);
  EXPECT_TRUE(member.adopt("999999999:x").added.empty());
}

}  // namespace
}  // namespace dd::remote_config
