#include "core/remote_config/apm_tracing.h"

#include <gtest/gtest.h>

#include "core/config/core_settings.h"
#include "core/trace/tracer.h"

namespace dd::remote_config {
namespace {

std::string document(const char* target, const std::string& config) {
  return std::string("{\"service_target\":{") + target + "},\"lib_config\":{" + config + "}}";
}

LibraryConfig merged(std::vector<std::string> contents, int failed = 0) {
  std::vector<Configuration> all(contents.size());
  std::vector<Configuration*> pointers;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    all[i].content = contents[i];
    pointers.push_back(&all[i]);
  }
  const LibraryConfig out = merge(pointers, "shop", "prod");
  int errors = 0;
  for (const Configuration& one : all) errors += one.state == ApplyState::kError;
  EXPECT_EQ(errors, failed);
  return out;
}

TEST(ApmTracing, takes_the_most_specific_word) {
  const std::string rate = "\"tracing_sampling_rate\":";
  const std::string all =
      document("\"service\":\"*\",\"env\":\"*\"", rate + "0.1,\"log_injection_enabled\":false");
  const std::string env = document("\"env\":\"prod\"", rate + "0.2");
  const std::string service = document("\"service\":\"shop\"", rate + "0.3");
  EXPECT_EQ(merged({service, env, all}).sampling_rate, 0.3);
  EXPECT_EQ(merged({all, env}).sampling_rate, 0.2);
  EXPECT_EQ(merged({all, service}).log_injection, false);
  EXPECT_EQ(merged({document("\"service\":\"other\"", rate + "0.9")}), LibraryConfig());
  EXPECT_EQ(merged({document("", rate + "0.4"), document("", rate + "0.5")}).sampling_rate, 0.5);
  // A key that says nothing hides the same key of a weaker one.
  EXPECT_EQ(merged({service, document("\"service\":\"shop\",\"env\":\"prod\"", rate + "null")})
                .sampling_rate,
            std::nullopt);
  EXPECT_EQ(merged({all, "[", "{}", "{\"lib_config\":3}"}, 2).sampling_rate, 0.1);
}

TEST(ApmTracing, reads_lists) {
  const LibraryConfig config = merged({document(
      "",
      R"("tracing_tags":["a:b","c:d:e","none",":x",5],)"
      R"("tracing_header_tags":[{"header":"X-A","tag_name":"a"},{"header":"X-B","tag_name":""},{}],)"
      R"("tracing_sampling_rules":[{"service":"s","sample_rate":0.5,"provenance":"customer"}])")});
  using Tags = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(config.tags, (Tags{{"a", "b"}, {"c", "d:e"}}));
  EXPECT_EQ(config.header_tags, "X-A:a,X-B");
  EXPECT_EQ(config.sampling_rules,
            R"([{"service":"s","sample_rate":0.5,"provenance":"customer"}])");
}

TEST(ApmTracing, gives_back_what_it_replaced) {
  trace::Tracer& tracer = trace::Tracer::get();
  trace::ProcessFacts facts = tracer.facts();
  facts.tags = {{"team", "a"}};
  tracer.set_facts(facts);
  const auto tags = [&] { return tracer.facts().tags; };
  const auto own = tags();

  LibraryConfig config;
  config.tags.emplace().emplace_back("x", "y");
  config.tracing_enabled = false;
  config.log_injection = false;
  apply(config);
  EXPECT_NE(tags(), own);
  EXPECT_FALSE(tracer.enabled());
  EXPECT_FALSE(config::logs_injection.get());
  EXPECT_EQ(config::tags.get(), "x:y");
  config.tracing_enabled = true;  // takes nothing back by itself
  config.tags->emplace_back("z", "1");
  apply(config);
  EXPECT_TRUE(tracer.enabled());
  EXPECT_EQ(tags().size(), 2u);
  apply({});
  EXPECT_EQ(tags(), own);
  EXPECT_TRUE(tracer.enabled() && config::logs_injection.get());
}

}  // namespace
}  // namespace dd::remote_config
