#include "contrib/rules/settings.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

namespace dd::contrib {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;
constinit const Variables* variables = nullptr;

std::optional<std::string> find(std::string_view variable) {
  const auto at = variables->find(variable);
  return at == variables->end() ? std::nullopt : std::optional(at->second);
}

class SettingsTest : public testing::Test {
 protected:
  const Settings& with(Variables set) {
    set_ = std::move(set);
    variables = &set_;
    settings_ = std::make_unique<Settings>(find, ProcessName{"app", false});
    return *settings_;
  }

 private:
  Variables set_;
  std::unique_ptr<Settings> settings_;
};

TEST_F(SettingsTest, have_the_defaults_of_the_reference) {
  const Settings& settings = with({});
  EXPECT_TRUE(settings.show_server_query);
  EXPECT_TRUE(settings.show_client_query);
  EXPECT_FALSE(settings.tell_client_ip);
  EXPECT_TRUE(settings.log_injection);
  EXPECT_TRUE(settings.error_statuses.contains(503));
  EXPECT_EQ(settings.redactor().url("http://h/?token=1"), "http://h/?<redacted>");
  EXPECT_EQ(settings.naming.of_server({.integration = "flask", .fallback = "flask"}).service,
            "flask");
}

TEST_F(SettingsTest, put_the_error_statuses_of_the_user_first) {
  const Settings& settings = with({{"DD_TRACE_HTTP_SERVER_ERROR_STATUSES", "404"}});
  EXPECT_TRUE(settings.error_statuses.contains(404));
  EXPECT_FALSE(settings.error_statuses.contains(500));
}

TEST_F(SettingsTest, tell_an_empty_pattern_from_none) {
  const Settings& settings = with({{"DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP", ""}});
  EXPECT_EQ(settings.redactor().url("http://h/?token=1"), "http://h/?token=1");
}

TEST_F(SettingsTest, know_the_older_word_for_log_injection) {
  EXPECT_TRUE(with({{"DD_LOGS_INJECTION", "structured"}}).log_injection);
  EXPECT_TRUE(with({{"DD_LOGS_INJECTION", " Structured "}}).log_injection);
  EXPECT_TRUE(with({{"DD_LOGS_INJECTION", " 1"}}).log_injection);
  EXPECT_FALSE(with({{"DD_LOGS_INJECTION", "yes"}}).log_injection);
  EXPECT_TRUE(with({{"DD_LOGS_INJECTION", "True"}}).log_injection);
  EXPECT_FALSE(with({{"DD_LOGS_INJECTION", "false"}}).log_injection);
}

TEST_F(SettingsTest, ask_for_the_knobs_of_an_integration_by_name) {
  const Settings& settings = with({{"DD_REQUESTS_SPLIT_BY_DOMAIN", "1"},
                                   {"DD_FLASK_SERVICE", "front"},
                                   {"DD_TRACE_URLLIB3_ENABLED", "true"},
                                   {"DD_PATCH_MODULES", "jinja2:false"}});
  EXPECT_TRUE(settings.knob("requests", "SPLIT_BY_DOMAIN", false));
  EXPECT_FALSE(settings.knob("urllib3", "SPLIT_BY_DOMAIN", false));
  EXPECT_TRUE(settings.knob("requests", "DISTRIBUTED_TRACING", true));
  EXPECT_EQ(settings.own_service("flask"), "front");
  EXPECT_EQ(settings.own_service("requests"), "");
  EXPECT_TRUE(settings.on("urllib3", false));
  EXPECT_FALSE(settings.on("jinja2", true));
  EXPECT_TRUE(settings.on("jinja2", true, true));
}

TEST_F(SettingsTest, take_schema_and_mapping_into_the_names) {
  const Settings& settings =
      with({{"DD_TRACE_SPAN_ATTRIBUTE_SCHEMA", "v1"}, {"DD_SERVICE_MAPPING", "app:renamed"}});
  EXPECT_EQ(settings.naming.operation({"requests.request", "http.client.request"}),
            "http.client.request");
  EXPECT_EQ(settings.naming.of_client({.integration = "requests", .fallback = "requests"}).service,
            "renamed");
}

}  // namespace
}  // namespace dd::contrib
