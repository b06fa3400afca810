#include <gtest/gtest.h>

#include "core/config/core_settings.h"
#include "core/config/setting.h"

namespace dd::config {
namespace {

constinit Setting<bool> flag({.env = "DD_T_FLAG", .fallback = "true", .aliases = "DD_T_A,DD_T_B"});
constinit Setting<std::int64_t> number({.env = "DD_T_NUMBER", .fallback = "100"});
constinit Setting<double> rate({.env = "DD_T_RATE", .fallback = "0.5"});
constinit TextSetting text({.env = "DD_T_TEXT", .fallback = "x", .otel = "OTEL_T_TEXT"});
constinit SettingBase* const kTable[] = {&flag, &number, &rate, &text};

void with(std::vector<std::string> lines, std::span<SettingBase* const> table = kTable) {
  std::vector<char*> pointers;
  for (std::string& line : lines) pointers.push_back(line.data());
  pointers.push_back(nullptr);
  for (SettingBase* setting : table) setting->unset(Origin::kEnvironment);
  load_environment(pointers.data());
  resolve(table);
}

TEST(Setting, starts_with_its_default) {
  with({});
  EXPECT_TRUE(flag.get());
  EXPECT_EQ(number.get(), 100);
  EXPECT_EQ(rate.get(), 0.5);
  EXPECT_EQ(text.get(), "x");
  EXPECT_FALSE(text.is_set());
}

TEST(Setting, takes_the_environment_and_older_names_in_order) {
  with({"DD_T_B=false", "DD_T_NUMBER=-7", "DD_T_RATE=1e-3", "DD_T_TEXT="});
  EXPECT_FALSE(flag.get());
  EXPECT_EQ(number.get(), -7);
  EXPECT_DOUBLE_EQ(rate.get(), 0.001);
  EXPECT_EQ(text.get(), "");
  EXPECT_TRUE(text.is_set());
  with({"DD_T_A=true", "DD_T_B=false"});
  EXPECT_TRUE(flag.get());
}

TEST(Setting, keeps_the_default_for_a_bad_number) {
  testing::internal::CaptureStderr();
  with({"DD_T_NUMBER=abc", "DD_T_RATE="});
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(number.get(), 100);
  EXPECT_EQ(rate.get(), 0.5);
  EXPECT_NE(said.find("DD_T_NUMBER=abc is not understood; using 100"), said.npos) << said;
}

TEST(Setting, remote_wins_over_code_and_goes_away_again) {
  with({"DD_T_NUMBER=1"});
  number.set(2, Origin::kCode);
  number.set(3, Origin::kRemote);
  EXPECT_EQ(number.get(), 3);
  number.unset(Origin::kRemote);
  EXPECT_EQ(number.get(), 2);
  number.unset(Origin::kCode);
  EXPECT_EQ(number.get(), 1);
  EXPECT_EQ(number.origin(), Origin::kEnvironment);
}

TEST(Setting, opentelemetry_names_come_last) {
  with({"OTEL_T_TEXT=otel"});
  EXPECT_EQ(text.get(), "otel");
  with({"OTEL_T_TEXT=otel", "DD_T_TEXT=dd"});
  EXPECT_EQ(text.get(), "dd");
}

TEST(CoreSettings, opentelemetry_values_are_translated) {
  testing::internal::CaptureStderr();
  with({"OTEL_TRACES_SAMPLER=parentbased_TraceIDRatio", "OTEL_TRACES_SAMPLER_ARG=0.3",
        "OTEL_PROPAGATORS=baggage,b3,foo", "OTEL_LOG_LEVEL=debug", "OTEL_TRACES_EXPORTER=none",
        "OTEL_RESOURCE_ATTRIBUTES=a=b,service.name=s"},
       core_settings());
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(sampling_rules.get(), R"([{"sample_rate":0.3}])");
  EXPECT_EQ(extract_styles.get(), "b3");
  EXPECT_TRUE(debug.get());
  EXPECT_FALSE(tracing_enabled.get());
  EXPECT_EQ(parse_pairs(tags.get()), (Pairs{{"service", "s"}, {"a", "b"}}));
  with({}, core_settings());
}

struct PairsCase {
  const char* name;
  const char* input;
  Pairs pairs;
};

TEST(Parse, tag_strings) {
  const PairsCase cases[] = {
      {"comma wins over blank", "a:b c,d:e", {{"a", "b c"}, {"d", "e"}}},
      {"blank separates", "a:b c:d", {{"a", "b"}, {"c", "d"}}},
      {"first colon splits", "url:http://x", {{"url", "http://x"}}},
      {"no colon is empty", "x", {{"x", ""}}},
      {"no key is dropped", ":v,a:b", {{"a", "b"}}},
      {"nothing", "", {}},
  };
  for (const PairsCase& c : cases) EXPECT_EQ(parse_pairs(c.input), c.pairs) << c.name;
}

TEST(Parse, status_ranges) {
  using Ranges = std::vector<std::pair<int, int>>;
  EXPECT_EQ(parse_status_ranges("599-500,404,x"), (Ranges{{500, 599}, {404, 404}}));
}

TEST(Parse, only_true_and_one_are_true) {
  for (const char* yes : {"true", "TRUE", "1"}) EXPECT_TRUE(*parse_bool(yes)) << yes;
  for (const char* no : {"yes", "on", "", "2", "false"}) EXPECT_FALSE(*parse_bool(no)) << no;
}

TEST(Integrations, have_their_own_names) {
  with({"DD_TRACE_DJANGO_REST_ENABLED=false", "DD_REDIS_SERVICE_NAME=cache"});
  EXPECT_EQ(integration_enabled("django-rest"), false);
  EXPECT_EQ(integration_enabled("flask"), std::nullopt);
  EXPECT_EQ(integration_service("redis"), "cache");
}

}  // namespace
}  // namespace dd::config
