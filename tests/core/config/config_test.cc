#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "core/config/core_settings.h"
#include "core/config/explain.h"
#include "core/config/registry.h"
#include "core/config/setting.h"
#include "core/config/stable_file.h"
#include "core/config/yaml.h"

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

TEST(Registry, knows_every_setting_that_is_read) {
  for (const SettingBase* setting : core_settings())
    EXPECT_NE(find_known(setting->spec().env), nullptr) << setting->spec().env;
  EXPECT_EQ(find_known("DD_TRACE_PROPAGATION_STYLE")->name, "DD_TRACE_PROPAGATION_STYLE_EXTRACT");
  EXPECT_TRUE(find_known("DD_API_KEY")->secret);
  EXPECT_GE(registry().size(), 844u);  // the reference's, and ours
}

TEST(Registry, finds_what_was_meant) {
  struct Case {
    const char* name;
    const char* meant;
  };
  constexpr Case kCases[] = {
      {"DD_SERVCE", "DD_SERVICE"},
      {"DD_TRACE_ENABELD", "DD_TRACE_ENABLED"},
      {"DD_TRACE_SAMPLING_RULE", "DD_TRACE_SAMPLING_RULES"},
      {"DD_KUBERNETES_POD_LABELS_AS_TAGS", ""},
      {"DD_X", ""},
  };
  for (const Case& c : kCases) EXPECT_EQ(nearest_known(c.name), c.meant) << c.name;
}

TEST(Registry, complains_about_names_that_look_like_known_ones) {
  with({"DD_SERVCE=shop", "DD_T_FLAG=1", "DD_OWN_THING_OF_THE_AGENT=1", "DD_SERVICE=x",
        "DD_MYTHING_SERVICE=y"});
  const auto lines = complaints_about_names();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0],
            "DD_SERVCE is not a known setting and has no effect; did you mean DD_SERVICE?");
}

std::string shown(const yaml::Node& node) {
  using Kind = yaml::Node::Kind;
  std::string out;
  switch (node.kind) {
    case Kind::kNull:
      return "~";
    case Kind::kText:
      return node.text;
    case Kind::kList:
      for (const auto& item : node.items) out += (out.empty() ? "" : ",") + shown(item);
      return "[" + out + "]";
    case Kind::kMap:
      for (const auto& [key, value] : node.members)
        out += (out.empty() ? "" : ",") + key + ":" + shown(value);
      return "{" + out + "}";
  }
  return out;
}

TEST(Yaml, reads_what_configuration_files_use) {
  struct Case {
    const char* text;
    const char* read;
  };
  constexpr Case kCases[] = {
      {"", "~"},
      {"# only a comment\n", "~"},
      {"---\na: 1\nb: two words # said\n", "{a:1,b:two words}"},
      {"a:\n  b:\n    c: true\n  d: ~\n", "{a:{b:{c:true},d:~}}"},
      {"a:\n- 1\n- x: y\n  z: [p, \"q, r\"]\n", "{a:[1,{x:y,z:[p,q, r]}]}"},
      {"a:\n  - - 1\n    - 2\n", "{a:[[1,2]]}"},
      {"'quoted key': 'it''s'\nb: \"tab\\t# no comment\"\n",
       "{quoted key:it's,b:tab\t# no comment}"},
      {"url: http://host:8126/x#y\n", "{url:http://host:8126/x#y}"},
      {"m: {a: 1, b: {c: d}}\n", "{m:{a:1,b:{c:d}}}"},
  };
  for (const Case& c : kCases) {
    std::string problem;
    const auto node = yaml::parse(c.text, problem);
    ASSERT_TRUE(node) << c.text << problem;
    EXPECT_EQ(shown(*node), c.read) << c.text;
  }
}

TEST(Yaml, refuses_the_rest) {
  for (const char* bad : {"a: [1\n", "a: \"x\n", "a: *b\n", "a: |\n  x\n", "\ta: 1\n",
                          "a: 1\n   b: 2\n", "a: 1\nb\n", "a: {b}\n", "a: 'x' y\n"}) {
    std::string problem;
    EXPECT_FALSE(yaml::parse(bad, problem)) << bad;
    EXPECT_TRUE(problem.starts_with("line ")) << problem;
  }
}

constexpr const char* kFile = R"(
config_id: abc
tags: {team: blue}
apm_configuration_default:
  DD_SERVICE: base
  DD_T_NUMBER: 7
rules:
  - selectors:
      - {origin: language, operator: equals, matches: [java]}
    configuration: {DD_SERVICE: wrong}
  - selectors:
      - origin: language
        operator: equals
        matches: [ruby, python]
      - origin: process_arguments
        key: --mode
        operator: prefix_matches
        matches: [fa]
      - {origin: tags, key: team, operator: exists}
    configuration:
      DD_SERVICE: "{{process_arguments[--mode]}}-{{environment_variables[WHERE]}}-{{tags[none]}}"
  - configuration: {DD_SERVICE: too late}
)";

TEST(StableFile, overlays_its_defaults_with_the_first_rule_that_fits) {
  const std::vector<std::string> arguments{"python", "app.py", "--mode=fast"};
  const Pairs variables{{"WHERE", "here"}};
  std::string problem;
  const auto file =
      parse_stable_file(kFile, {.arguments = arguments, .environment = &variables}, problem);
  ASSERT_TRUE(file) << problem;
  EXPECT_EQ(file->config_id, "abc");
  EXPECT_EQ(file->values, (Pairs{{"DD_SERVICE", "fast-here-UNDEFINED"}, {"DD_T_NUMBER", "7"}}));
}

class StableFiles : public testing::Test {
 protected:
  std::string write(const char* name, const char* content) {
    std::string path = testing::TempDir() + name + std::to_string(getpid());
    std::FILE* file = std::fopen(path.c_str(), "w");
    std::fputs(content, file);
    std::fclose(file);
    return path;
  }
  void TearDown() override {
    for (SettingBase* setting : kTable) {
      setting->unset(Origin::kLocalFile);
      setting->unset(Origin::kFleetFile);
    }
  }
};

TEST_F(StableFiles, stand_below_and_above_the_environment) {
  const std::string local = write("local",
                                  "apm_configuration_default:\n  DD_T_NUMBER: 1\n"
                                  "  DD_T_RATE: 0.25\n  DD_T_B: false\n");
  const std::string fleet = write("fleet",
                                  "config_id: f1\n"
                                  "apm_configuration_default: {DD_T_NUMBER: 3}\n");
  with({"_DD_SC_LOCAL_FILE_OVERRIDE=" + local, "_DD_SC_MANAGED_FILE_OVERRIDE=" + fleet,
        "DD_T_NUMBER=2"});
  EXPECT_EQ(number.get(), 3);
  EXPECT_EQ(number.origin(), Origin::kFleetFile);
  EXPECT_EQ(config_id(Origin::kFleetFile), "f1");
  EXPECT_EQ(rate.get(), 0.25);
  EXPECT_EQ(rate.origin(), Origin::kLocalFile);
  EXPECT_FALSE(flag.get());
  EXPECT_EQ(variable("DD_T_NUMBER"), "3");
  number.unset(Origin::kFleetFile);
  EXPECT_EQ(number.get(), 2);
}

TEST_F(StableFiles, one_that_cannot_be_read_does_not_spoil_the_other) {
  const std::string local = write("local", "apm_configuration_default: [\n");
  const std::string fleet = write("fleet", "apm_configuration_default: {DD_T_NUMBER: 3}\n");
  testing::internal::CaptureStderr();
  with({"_DD_SC_LOCAL_FILE_OVERRIDE=" + local, "_DD_SC_MANAGED_FILE_OVERRIDE=" + fleet});
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(number.get(), 3);
  EXPECT_NE(said.find(local + ": line 1: ends within brackets; no setting is taken"), said.npos)
      << said;
}

TEST(StatsdTag, has_no_sign_that_means_something_to_the_agent) {
  EXPECT_EQ(statsd_tag("env", "Prod Env|#a,b"), "env:Prod_Env__a_b");
  EXPECT_EQ(statsd_tag("path", "/a-b.c:\xc3\xa9"), "path:/a-b.c:\xc3\xa9");
}

}  // namespace
}  // namespace dd::config
