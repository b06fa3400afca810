#include "core/trace/facts.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "core/config/core_settings.h"
#include "core/config/identity.h"

namespace dd::trace {
namespace {

class FactsTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/dd_facts_XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    root = pattern;
    mkdir((root + "/shop").c_str(), 0700);
    mkdir((root + "/shop/pkg").c_str(), 0700);
    for (const char* file : {"/shop/app.py", "/shop/pkg/__init__.py", "/shop/pkg/run.py"})
      std::ofstream(root + file) << "pass\n";
  }
  void TearDown() override {
    for (const char* file : {"/shop/app.py", "/shop/pkg/__init__.py", "/shop/pkg/run.py"})
      unlink((root + file).c_str());
    for (const char* folder : {"/shop/pkg", "/shop", ""}) rmdir((root + folder).c_str());
  }
  ProcessFacts with(std::vector<std::string> lines, std::vector<std::string_view> arguments = {}) {
    std::vector<char*> pointers;
    for (std::string& line : lines) pointers.push_back(line.data());
    pointers.push_back(nullptr);
    for (config::SettingBase* setting : config::core_settings())
      setting->unset(config::Origin::kEnvironment);
    config::load_environment(pointers.data());
    config::resolve(config::core_settings());
    return facts_from_settings(arguments);
  }
  std::string root;
};

TEST_F(FactsTest, the_service_comes_from_the_folder_or_the_package) {
  const std::string app = root + "/shop/app.py", run = root + "/shop/pkg/run.py";
  EXPECT_EQ(with({}, {app}).service, "shop");
  EXPECT_EQ(with({}, {run}).service, "pkg.run");
  EXPECT_EQ(with({}, {"-m", "flask"}).service, "");  // as the reference: only its tag says flask
  EXPECT_EQ(with({}, {"-c", "pass"}).service, "");
  EXPECT_EQ(with({"DD_SERVICE=mine"}, {app}).service, "mine");
}

TEST_F(FactsTest, dd_tags_feed_service_env_version_and_git) {
  const ProcessFacts facts =
      with({"DD_TAGS=service:s,env:e,version:v,git.commit.sha:abc,git.repository_url:https://u:p@h/"
            "r,a:b"});
  EXPECT_EQ(facts.service, "s");
  EXPECT_EQ(facts.env, "e");
  EXPECT_EQ(facts.version, "v");
  EXPECT_EQ(facts.git_commit, "abc");
  EXPECT_EQ(facts.git_repository, "https://h/r");
  ASSERT_EQ(facts.tags.size(), 1u);
}

TEST_F(FactsTest, process_tags_are_sorted_and_normalised) {
  const std::string app = root + "/shop/app.py";
  const std::string tags = with({"DD_SERVICE=x"}, {app}).process_tags;
  EXPECT_TRUE(
      tags.starts_with("entrypoint.basedir:shop,entrypoint.name:app,entrypoint.type:script"))
      << tags;
  EXPECT_TRUE(tags.ends_with(",svc.user:true")) << tags;
  EXPECT_EQ(config::normalize_process_tag("__A  b!c_"), "a_b_c");
}

}  // namespace
}  // namespace dd::trace
