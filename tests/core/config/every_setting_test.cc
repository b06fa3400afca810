// Every setting of the registry: its default, both files, the environment, code and remote changes
// in their order, older names, and values that are not understood.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "core/config/core_settings.h"
#include "core/config/explain.h"
#include "core/config/parse.h"
#include "core/config/registry.h"
#include "core/config/setting.h"

namespace dd::config {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

// Names that say where the files are.
bool is_place(std::string_view name) { return name.starts_with("_DD_SC_"); }

// The `which`th of some values of its type: none is the same as the one before.
std::string value_of(const KnownSetting& known, int which) {
  const bool first = known.fallback == "false";
  if (known.type == "boolean") return (which % 2 == 0) == first ? "true" : "false";
  if (known.type == "int") return std::to_string(41 + which);
  if (known.type == "decimal") return "0." + std::to_string(31 + which);
  if (known.name.view().find("STYLE") != std::string_view::npos)
    return which % 2 == 0 ? "b3" : "datadog";
  if (known.name == "DD_TRACE_SPAN_ATTRIBUTE_SCHEMA") return which % 2 == 0 ? "v1" : "v0";
  if (known.name == "DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT")
    return which % 2 == 0 ? "restart" : "ignore";
  if (known.name == "DD_TRACE_LOG_LEVEL") return which % 2 == 0 ? "DEBUG" : "ERROR";
  if (known.name == "DD_TRACE_HTTP_SERVER_ERROR_STATUSES") return "40" + std::to_string(which);
  if (known.name.ends_with("S_EXPORTER")) return "none";
  return "text" + std::to_string(which);
}

Values all(int which) {
  Values out;
  for (const KnownSetting& known : registry())
    if (!is_place(known.name)) out.emplace_back(known.name, value_of(known, which));
  return out;
}

class EverySetting : public testing::Test {
 protected:
  // Loads what the three say, and resolves.
  void load(const Values& local, const Values& environment, const Values& fleet) {
    TearDown();
    std::vector<std::string> lines{"_DD_SC_LOCAL_FILE_OVERRIDE=" + written("local", local),
                                   "_DD_SC_MANAGED_FILE_OVERRIDE=" + written("fleet", fleet)};
    for (const auto& [name, text] : environment) lines.push_back(name + "=" + text);
    std::vector<char*> pointers;
    for (std::string& line : lines) pointers.push_back(line.data());
    pointers.push_back(nullptr);
    testing::internal::CaptureStderr();
    load_environment(pointers.data());
    resolve(core_settings());
    warn_about_settings();
    said_ = testing::internal::GetCapturedStderr();
  }
  void TearDown() override {
    for (SettingBase* setting : core_settings())
      for (int origin = 1; origin < kOrigins; ++origin) setting->unset(static_cast<Origin>(origin));
    load_environment(nullptr);
  }
  std::string said_;

 private:
  static std::string written(const char* name, const Values& values) {
    const std::string path = testing::TempDir() + name + std::to_string(getpid());
    std::FILE* const file = std::fopen(path.c_str(), "w");
    std::fputs("apm_configuration_default:\n  X: 'y'\n", file);
    for (const auto& [key, text] : values)
      std::fprintf(file, "  %s: '%s'\n", key.c_str(), text.c_str());
    std::fclose(file);
    return path;
  }
};

std::string stack(const KnownSetting& known) {
  std::string out;
  for (const Held& held : explain(known.name).held)
    out += std::string(origin_in_words(held.origin)) + " " + held.text + ", ";
  return out;
}

TEST_F(EverySetting, has_its_default_when_nobody_says_anything) {
  load({}, {}, {});
  for (const Explained& setting : settings_not_default()) EXPECT_TRUE(is_place(setting.name));
  EXPECT_EQ(said_, "");
  for (SettingBase* setting : core_settings()) {
    EXPECT_EQ(setting->origin(), Origin::kDefault) << setting->spec().env;
    const KnownSetting* known = find_known(setting->spec().env);
    const std::string own(setting->spec().fallback);
    if (known->type == "boolean" && !known->fallback.empty() &&
        known->name != "DD_TRACE_STATS_COMPUTATION_ENABLED") {
      EXPECT_EQ(own, known->fallback) << known->name.view();
    }
  }
}

TEST_F(EverySetting, takes_each_source_over_the_weaker_ones) {
  load(all(0), all(1), all(2));
  EXPECT_EQ(said_, "");
  for (const KnownSetting& known : registry()) {
    if (is_place(known.name)) continue;
    const auto text = [&](int which) {
      return known.secret ? std::string("***") : value_of(known, which);
    };
    EXPECT_EQ(stack(known), "local file " + text(0) + ", environment " + text(1) + ", fleet file " +
                                text(2) + ", ")
        << known.name.view();
    EXPECT_EQ(variable(known.name), value_of(known, 2)) << known.name.view();
  }
}

TEST_F(EverySetting, falls_back_to_the_next_weaker_source) {
  load(all(0), all(1), {});
  for (const KnownSetting& known : registry())
    if (!is_place(known.name)) {
      EXPECT_EQ(variable(known.name), value_of(known, 1)) << known.name.view();
    }
  load(all(0), {}, {});
  for (const KnownSetting& known : registry())
    if (!is_place(known.name)) {
      EXPECT_EQ(variable(known.name), value_of(known, 0)) << known.name.view();
    }
}

TEST_F(EverySetting, that_is_resolved_yields_to_code_and_remote_and_comes_back) {
  load(all(0), all(1), all(2));
  for (SettingBase* setting : core_settings()) {
    const KnownSetting* known = find_known(setting->spec().env);
    ASSERT_NE(known, nullptr) << setting->spec().env;
    const auto in_force = [&] { return setting->shown(setting->origin()); };
    EXPECT_EQ(setting->origin(), Origin::kFleetFile) << known->name.view();
    EXPECT_EQ(in_force(), value_of(*known, 2)) << known->name.view();
    ASSERT_TRUE(setting->assign(value_of(*known, 3), Origin::kCode)) << known->name.view();
    ASSERT_TRUE(setting->assign(value_of(*known, 4), Origin::kRemote)) << known->name.view();
    for (int origin = kOrigins - 1; origin > 0; --origin) {
      EXPECT_EQ(static_cast<int>(setting->origin()), origin) << known->name.view();
      EXPECT_EQ(in_force(), value_of(*known, origin == 1   ? 0
                                             : origin == 2 ? 1
                                                           : origin - 1))
          << known->name.view() << " " << origin;
      setting->unset(static_cast<Origin>(origin));
    }
    EXPECT_EQ(setting->origin(), Origin::kDefault) << known->name.view();
  }
}

TEST_F(EverySetting, is_found_by_its_older_names_in_order) {
  for (const KnownSetting& known : registry()) {
    const std::vector<std::string> aliases = parse_list(known.aliases);
    for (std::size_t i = aliases.size(); i-- > 0;) {
      load({},
           {{aliases[i], value_of(known, static_cast<int>(i))},
            {aliases.back(), value_of(known, static_cast<int>(aliases.size() - 1))}},
           {});
      const std::vector<Held> held = explain(known.name).held;
      ASSERT_EQ(held.size(), 1u) << known.name.view() << " " << aliases[i];
      EXPECT_EQ(held[0].name, aliases[i]);
    }
  }
}

TEST_F(EverySetting, that_is_not_understood_costs_one_line_and_has_its_default) {
  int lines = 0;
  for (const KnownSetting& known : registry()) {
    if (known.type != "int" && known.type != "decimal" && known.type != "boolean") continue;
    load({}, {{std::string(known.name), "bad!"}}, {});
    const std::string start =
        "ddpython: " + std::string(known.name) + "=bad! is not understood; using ";
    EXPECT_TRUE(said_.starts_with(start)) << known.name.view() << ": " << said_;
    EXPECT_EQ(std::count(said_.begin(), said_.end(), '\n'), 1) << said_;
    SettingBase* const setting = find_declared(known.name);
    if (setting != nullptr && known.type != "boolean" && !known.name.ends_with("_PORT")) {
      EXPECT_EQ(setting->origin(), Origin::kDefault) << known.name.view();
      EXPECT_EQ(said_, start + std::string(setting->spec().fallback) + "\n");
    }
    ++lines;
  }
  EXPECT_GT(lines, 480);
}

TEST_F(EverySetting, that_is_a_port_is_a_number_of_a_port) {
  for (const KnownSetting& known : registry()) {
    if (!known.name.ends_with("_PORT") || known.type != "int") continue;
    for (const char* const text : {"0", "-1", "65536", "8126x", "1e3"}) {
      load({}, {{std::string(known.name), text}}, {});
      EXPECT_TRUE(said_.starts_with("ddpython: " + std::string(known.name) + "=" + text +
                                    " is not understood; using "))
          << known.name.view() << ": " << said_;
    }
    for (const char* const text : {"", "1", "65535", " 8126 "}) {
      load({}, {{std::string(known.name), text}}, {});
      EXPECT_EQ(said_, "") << known.name.view() << "=" << text;
    }
  }
}

TEST_F(EverySetting, may_be_checked_by_who_knows_what_it_means) {
  static constexpr Check kChecks[] = {{"DD_SITE", [](std::string_view text) {
                                         return text == "moon" ? std::optional<std::string>("earth")
                                                               : std::nullopt;
                                       }}};
  also_check(kChecks);
  load({}, {{"DD_SITE", "moon"}}, {});
  EXPECT_EQ(said_, "ddpython: DD_SITE=moon is not understood; using earth\n");
  load({{"DD_SITE", "moon"}}, {{"DD_SITE", "mars"}}, {});
  EXPECT_EQ(said_, "ddpython: DD_SITE=moon is not understood; using mars (local file)\n");
  load({}, {{"DD_SITE", ""}}, {});
  EXPECT_EQ(said_, "");
  also_check({});
}

TEST_F(EverySetting, that_is_not_understood_leaves_the_weaker_value) {
  load({{"DD_TRACE_RATE_LIMIT", "7"}}, {{"DD_TRACE_RATE_LIMIT", "many"}}, {});
  EXPECT_EQ(rate_limit.get(), 7);
  EXPECT_EQ(said_, "ddpython: DD_TRACE_RATE_LIMIT=many is not understood; using 7\n");
}

TEST_F(EverySetting, of_words_says_which_of_them_are_not_known) {
  load({},
       {{"DD_TRACE_PROPAGATION_STYLE", "b3,foo"},
        {"DD_TRACE_SPAN_ATTRIBUTE_SCHEMA", "v7"},
        {"DD_TRACE_HTTP_SERVER_ERROR_STATUSES", "x,404"},
        {"DD_TRACE_DEBUG", "yes"}},
       {});
  EXPECT_EQ(said_,
            "ddpython: DD_TRACE_DEBUG=yes is not understood; using false\n"
            "ddpython: DD_TRACE_HTTP_SERVER_ERROR_STATUSES=x,404 is not understood; using 404\n"
            "ddpython: DD_TRACE_PROPAGATION_STYLE=b3,foo is not understood; using b3\n"
            "ddpython: DD_TRACE_SPAN_ATTRIBUTE_SCHEMA=v7 is not understood; using v0\n");
}

TEST_F(EverySetting, of_opentelemetry_is_explained_by_its_name_there) {
  load({},
       {{"OTEL_SERVICE_NAME", "Shop"},
        {"OTEL_SDK_DISABLED", "false"},
        {"OTEL_PROPAGATORS", "baggage,b3"},
        {"OTEL_TRACES_SAMPLER", "always_on"},
        {"OTEL_LOGS_EXPORTER", "otlp"}},
       {});
  EXPECT_EQ(said_,
            "ddpython: OTEL_LOGS_EXPORTER=otlp is not understood; it has no effect\n"
            "ddpython: OTEL_PROPAGATORS: baggage cannot be used here; using b3\n"
            "ddpython: OTEL_TRACES_SAMPLER=always_on is used as parentbased_always_on: what a "
            "caller decided is kept\n");
  EXPECT_EQ(explain("DD_SERVICE").held.at(0).name, "OTEL_SERVICE_NAME");
  EXPECT_TRUE(otel_enabled.get());
  load({}, {{"OTEL_PROPAGATORS", "nothing"}}, {});
  EXPECT_EQ(said_,
            "ddpython: OTEL_PROPAGATORS=nothing is not understood; using "
            "datadog,tracecontext,baggage\n");
}

}  // namespace
}  // namespace dd::config
