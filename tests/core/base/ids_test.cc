#include "core/base/ids.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>

#include "core/base/fork.h"

namespace dd::base {
namespace {

TEST(RandomId, does_not_repeat) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100'000; ++i) EXPECT_TRUE(seen.insert(random_id()).second);
}

TEST(RandomId, differs_in_a_forked_child) {
  on_fork(ForkOrder::kBase, {});
  (void)random_id();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::uint64_t id = random_id();
    _exit(write(ends[1], &id, sizeof(id)) == sizeof(id) ? 0 : 1);
  }
  std::uint64_t theirs = 0;
  ASSERT_EQ(read(ends[0], &theirs, sizeof(theirs)), static_cast<ssize_t>(sizeof(theirs)));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(random_id(), theirs);
}

TEST(RandomUuid, has_version_and_variant) {
  char text[32];
  random_uuid_hex(text);
  EXPECT_EQ(text[12], '4');
  EXPECT_NE(std::string("89ab").find(text[16]), std::string::npos);
}

}  // namespace
}  // namespace dd::base
