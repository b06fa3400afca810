#include "core/product/safe_mode.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace dd::product::safe_mode {
namespace {

class SafeMode : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/safe-mode-XXXXXX";
    root_ = mkdtemp(pattern);
    folder_ = root_ + "/state";
  }
  void TearDown() override {
    unlink(file().c_str());
    rmdir(folder_.c_str());
    rmdir(root_.c_str());
  }
  std::string file() const { return file_for(folder_, "shop"); }
  std::string root_, folder_;
  const Note note_ = {.product = "telemetry", .cause = "SIGSEGV", .process = 7, .wall_s = 1000};
};

TEST_F(SafeMode, nobody_is_to_blame_at_first) {
  EXPECT_FALSE(read(folder_, "shop", "1.0", 1000));
  EXPECT_NE(access(folder_.c_str(), F_OK), 0);  // and a start leaves nothing behind
}

TEST_F(SafeMode, a_note_is_for_one_program_and_version) {
  write(folder_, "shop", "1.0", note_);
  const auto note = read(folder_, "shop", "1.0", 2000);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->product, "telemetry");
  EXPECT_EQ(note->cause, "SIGSEGV");
  EXPECT_EQ(note->process, 7);
  EXPECT_FALSE(read(folder_, "another", "1.0", 2000));
  EXPECT_FALSE(read(folder_, "shop", "1.1", 2000));
  EXPECT_NE(access(file().c_str(), F_OK), 0);  // of an older version: removed
}

TEST_F(SafeMode, a_note_holds_for_a_day) {
  write(folder_, "shop", "1.0", note_);
  EXPECT_TRUE(read(folder_, "shop", "1.0", 1000 + 24 * 3600 - 1));
  EXPECT_FALSE(read(folder_, "shop", "1.0", 1000 + 24 * 3600));
  EXPECT_NE(access(file().c_str(), F_OK), 0);
}

TEST_F(SafeMode, a_later_crash_takes_the_place_of_an_earlier) {
  write(folder_, "shop", "1.0", note_);
  write(folder_, "shop", "1.0",
        {.product = "agent", .cause = "SIGBUS", .process = 8, .wall_s = 1001});
  EXPECT_EQ(read(folder_, "shop", "1.0", 2000)->product, "agent");
}

TEST_F(SafeMode, a_folder_that_others_can_write_to_is_not_believed) {
  write(folder_, "shop", "1.0", note_);
  chmod(folder_.c_str(), 0777);
  EXPECT_FALSE(read(folder_, "shop", "1.0", 2000));
  chmod(folder_.c_str(), 0700);
  EXPECT_TRUE(read(folder_, "shop", "1.0", 2000));
}

TEST_F(SafeMode, nonsense_is_no_note) {
  write(folder_, "shop", "1.0", note_);
  FILE* const out = std::fopen(file().c_str(), "w");
  std::fputs("product\n=\nversion=1.0\ntime=x\n", out);
  std::fclose(out);
  EXPECT_FALSE(read(folder_, "shop", "1.0", 2000));
}

TEST_F(SafeMode, the_switch_and_the_sentence) {
  write(folder_, "shop", "1.0", note_);
  config::SettingBase* const enabled = settings()[0];
  ASSERT_TRUE(enabled->assign("false", config::Origin::kCode));
  EXPECT_FALSE(read(folder_, "shop", "1.0", 2000));
  enabled->unset(config::Origin::kCode);
  EXPECT_TRUE(read(folder_, "shop", "1.0", 2000));
  EXPECT_NE(explain(note_, file()).find(file()), std::string::npos);
}

}  // namespace
}  // namespace dd::product::safe_mode
