#include "core/telemetry/report.h"

#include <gtest/gtest.h>

#include "core/json/json.h"

namespace dd::telemetry {
namespace {

const Identity kWho{.service = "shop",
                    .runtime_id = "abc",
                    .language_version = "3.11.2",
                    .tracer_version = "4.16.0"};

json::Value read(const Message& message) {
  auto parsed = json::parse(message.body);
  EXPECT_TRUE(parsed) << message.body;
  return parsed.value_or(json::Value());
}

TEST(Report, starts_with_what_is_set_and_its_origins) {
  static constinit config::Setting<bool> on({.env = "DD_ON", .fallback = "true"});
  static constinit config::Setting<double> rate({.env = "DD_RATE", .fallback = "2"});
  static constinit config::TextSetting text({.env = "DD_TEXT"});
  static constinit config::TextSetting key({.env = "DD_KEY", .secret = true});
  on.assign("0", config::Origin::kEnvironment);
  key.assign("secret", config::Origin::kEnvironment);
  config::SettingBase* const table[] = {&on, &rate, &text, &key};
  std::vector<Row> rows;
  append_rows(table, rows);
  Report report;
  for (Row& row : rows) report.add(row);
  report.add_product("tracer", true, "");
  const Message message = report.started(kWho, 5, report.rows());
  EXPECT_EQ(message.body.find("secret"), std::string::npos);
  const json::Value body = read(message);
  EXPECT_EQ(body["seq_id"].integer(), 1);
  EXPECT_EQ(body["application"]["service_name"].text(), "shop");
  EXPECT_EQ(message.body.find("\"env\""), std::string::npos);
  EXPECT_TRUE(body["payload"]["products"]["tracer"]["enabled"].boolean());
  std::string seen;
  for (const json::Value& row : body["payload"]["configuration"].items()) {
    seen += std::string(row["name"].text()) + "=" + std::string(row["value"].text("null")) + " " +
            std::string(row["origin"].text()) + " " + std::to_string(row["seq_id"].integer()) +
            "\n";
  }
  EXPECT_EQ(seen, "DD_ON=true default 1\nDD_ON=false env_var 2\n");
}

TEST(Report, is_a_heartbeat_when_there_is_nothing_to_say) {
  Report report;
  const Message message = report.batch(kWho, 5, 60, "app-heartbeat");
  EXPECT_EQ(message.type, "app-heartbeat");
  EXPECT_TRUE(read(message)["payload"].is_null());
}

TEST(Report, batches_what_came_and_says_it_once) {
  Report report;
  report.add(Integration{.name = "flask", .version = "3.0"});
  report.add(Dependency{"flask", "3.0"});
  report.add_log(Level::kError, "m", "a:b", "");
  report.add_log(Level::kError, "m", "a:b", "");
  Metrics& metrics = report.metrics();
  metrics.add(MetricKind::kCount, "tracers", "spans_created", "integration_name:datadog", 2);
  metrics.add(MetricKind::kCount, "tracers", "spans_created", "integration_name:datadog", 3);
  metrics.add(MetricKind::kCount, "tracers", "spans_dropped", "", 0);
  metrics.close_interval(5);
  report.add(Row{"DD_X", "1", true, "code"});
  const json::Value body = read(report.batch(kWho, 5, 60, "app-heartbeat"));
  std::string types;
  for (const json::Value& one : body["payload"].items())
    types += std::string(one["request_type"].text()) + " ";
  EXPECT_EQ(types,
            "app-dependencies-loaded app-integrations-change app-client-configuration-change logs "
            "generate-metrics app-heartbeat ");
  EXPECT_EQ(body["payload"].items()[3]["payload"]["logs"].items()[0]["count"].integer(), 2);
  const json::Value& series = body["payload"].items()[4]["payload"]["series"];
  ASSERT_EQ(series.items().size(), 2u);
  EXPECT_EQ(series.items()[0]["points"].items()[0].items()[1].number(), 5);
  EXPECT_EQ(series.items()[1]["points"].items()[0].items()[1].number(), 0);
  EXPECT_EQ(report.batch(kWho, 6, 60, "app-heartbeat").type, "app-heartbeat");
}

TEST(Report, ends_with_closing) {
  Report report;
  const json::Value body = read(report.batch(kWho, 5, 60, "app-closing"));
  EXPECT_EQ(body["payload"].items().back()["request_type"].text(), "app-closing");
}

}  // namespace
}  // namespace dd::telemetry
