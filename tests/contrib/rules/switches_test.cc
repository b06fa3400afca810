#include "contrib/rules/switches.h"

#include <gtest/gtest.h>

namespace dd::contrib {
namespace {

TEST(Switches, follow_the_default_when_nobody_speaks) {
  const Switches switches("");
  EXPECT_TRUE(switches.on("flask", true, {}, {}));
  EXPECT_FALSE(switches.on("urllib3", false, {}, {}));
}

TEST(Switches, follow_the_variable_of_the_integration) {
  const Switches switches("");
  EXPECT_TRUE(switches.on("urllib3", false, {}, "True"));
  EXPECT_FALSE(switches.on("flask", true, {}, "false"));
  EXPECT_FALSE(switches.on("flask", true, {}, ""));
}

TEST(Switches, let_the_list_go_before_the_variable) {
  const Switches switches("urllib3:true, flask : false,flask2,flask3:1");
  EXPECT_TRUE(switches.on("urllib3", false, {}, "false"));
  EXPECT_FALSE(switches.on("flask", true, {}, "true"));
  EXPECT_TRUE(switches.on("flask2", true, {}, {}));
  EXPECT_TRUE(switches.on("flask3", false, {}, {}));
}

TEST(Switches, let_the_last_word_of_the_list_count) {
  EXPECT_FALSE(Switches("flask:true,flask:false").on("flask", true, {}, {}));
}

TEST(Switches, let_the_argument_go_before_all) {
  const Switches switches("flask:false");
  EXPECT_TRUE(switches.on("flask", false, true, "false"));
  EXPECT_FALSE(switches.on("urllib3", true, false, "true"));
}

TEST(SwitchVariable, is_made_from_the_name) {
  EXPECT_EQ(switch_variable("urllib3"), "DD_TRACE_URLLIB3_ENABLED");
  EXPECT_EQ(switch_variable("flask-cache"), "DD_TRACE_FLASK_CACHE_ENABLED");
}

}  // namespace
}  // namespace dd::contrib
