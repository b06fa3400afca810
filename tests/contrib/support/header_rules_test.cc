// What the application's code says about headers and query strings, for one integration or for all.

#include "contrib/support/header_rules.h"

#include <gtest/gtest.h>

#include "contrib/support/integration.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"

namespace dd::contrib {
namespace {

std::optional<std::string> only_header_tags(std::string_view variable) {
  if (variable != "DD_TRACE_HEADER_TAGS") return {};
  return "x-all,x-both:of.all";
}

class HeadersOf : public testing::Test {
 protected:
  HeadersOf() : made_(only_header_tags, {"app", false}) { set_settings(&made_); }
  ~HeadersOf() override {
    trace::Tracer::get().finish(span_);
    span_->chunk->release();
  }

  Settings made_;
  trace::Span* span_ = trace::Tracer::get().start({.name = "request"});
};

TEST_F(HeadersOf, an_integration_go_before_those_of_all) {
  made_.own_http.push_back({.section = "FLASK", .headers = http::HeaderTags("x-both:of.flask")});
  span_->set(trace::tags::kComponent, "flask");
  const HeaderRules rules(*span_);
  EXPECT_EQ(rules.tag("X-Both", http::Side::kRequest), "of.flask");
  EXPECT_EQ(rules.tag("x-all", http::Side::kResponse), "http.response.headers.x-all");
  EXPECT_TRUE(rules.tag("x-none", http::Side::kRequest).empty());
}

TEST_F(HeadersOf, another_integration_are_no_rule) {
  made_.own_http.push_back({.section = "FLASK", .headers = http::HeaderTags("x-both:of.flask")});
  span_->set(trace::tags::kComponent, "requests");
  EXPECT_EQ(HeaderRules(*span_).tag("x-both", http::Side::kRequest), "of.all");
}

TEST_F(HeadersOf, an_integration_decide_about_its_query_strings) {
  span_->set(trace::tags::kComponent, "aiohttp-client");
  EXPECT_FALSE(tells_query(*span_));
  made_.own_http.push_back({.section = "", .headers = http::HeaderTags(), .tells_query = true});
  EXPECT_TRUE(tells_query(*span_));
  made_.own_http.push_back(
      {.section = "AIOHTTP_CLIENT", .headers = http::HeaderTags(), .tells_query = false});
  EXPECT_FALSE(tells_query(*span_));
}

}  // namespace
}  // namespace dd::contrib
