#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/config/core_settings.h"
#include "core/transport/otlp_sink.h"

namespace dd::transport::otlp {
namespace {

void with(std::vector<std::string> lines) {
  std::vector<char*> pointers;
  for (std::string& line : lines) pointers.push_back(line.data());
  pointers.push_back(nullptr);
  config::load_environment(pointers.data());
  for (config::SettingBase* setting : config::core_settings())
    setting->unset(config::Origin::kEnvironment);
  config::resolve(config::core_settings());
}

Options applied() {
  Options options;
  apply(options, "4.16.0");
  return options;
}

TEST(Otlp, is_wanted_unless_a_datadog_protocol_is_named) {
  with({"OTEL_TRACES_EXPORTER= OTLP "});
  EXPECT_TRUE(wanted());
  with({"OTEL_TRACES_EXPORTER=otlp", "DD_TRACE_AGENT_PROTOCOL_VERSION=0.4"});
  EXPECT_FALSE(wanted());
  with({"OTEL_TRACES_EXPORTER=none"});
  EXPECT_FALSE(wanted());
}

TEST(Otlp, goes_to_the_agents_host_by_default_as_protobuf) {
  with({"DD_AGENT_HOST=collector"});
  const Options options = applied();
  EXPECT_EQ(options.url, "http://collector:4318");
  const auto encoder = options.make_encoder();
  EXPECT_EQ(encoder->path(), "/v1/traces");
  EXPECT_EQ(encoder->content_type(), "application/x-protobuf");
  EXPECT_EQ(options.timeout_ns, 10'000'000'000);
}

TEST(Otlp, takes_the_settings_of_all_signals_and_then_those_of_traces) {
  with({"OTEL_EXPORTER_OTLP_ENDPOINT=http://a:1/base/", "OTEL_EXPORTER_OTLP_PROTOCOL=http/json",
        "OTEL_EXPORTER_OTLP_HEADERS=k = v,bad,x=y=z", "OTEL_EXPORTER_OTLP_TIMEOUT=250"});
  Options options = applied();
  EXPECT_EQ(options.url, "http://a:1");
  EXPECT_EQ(options.make_encoder()->path(), "/base/v1/traces");
  EXPECT_EQ(options.make_encoder()->content_type(), "application/json");
  EXPECT_EQ(options.headers, (Headers{{"User-Agent", "Tracer/11.0.0"}, {"k", "v"}, {"x", "y=z"}}));
  EXPECT_EQ(options.timeout_ns, 250'000'000);
  with({"OTEL_EXPORTER_OTLP_ENDPOINT=http://a:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://b/in",
        "OTEL_EXPORTER_OTLP_PROTOCOL=http/json",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf"});
  options = applied();
  EXPECT_EQ(options.url, "https://b");
  EXPECT_EQ(options.make_encoder()->path(), "/in");
  EXPECT_EQ(options.make_encoder()->content_type(), "application/x-protobuf");
}

}  // namespace
}  // namespace dd::transport::otlp
