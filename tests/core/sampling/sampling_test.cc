#include "core/sampling/sampling.h"

#include <gtest/gtest.h>

#include "core/trace/otel_state.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"

namespace dd::sampling {
namespace {

namespace tags = trace::tags;

TEST(Glob, matches_as_the_rules_say) {
  struct Case {
    const char* name;
    const char* pattern;
    const char* text;
    bool match;
  };
  constexpr Case kCases[] = {
      {"a star takes nothing too", "hi*there", "hithere", true},
      {"one question mark is one character", "n?-web", "n-web", false},
      {"case does not count", "WEB", "web", true},
      {"a star goes back", "*ab*c", "xxaabxxabyc", true},
      {"all must be used", "web", "webs", false},
      {"nothing matches nothing", "", "", true},
  };
  for (const Case& c : kCases) EXPECT_EQ(glob_matches(c.pattern, c.text), c.match) << c.name;
}

TEST(Rates, are_written_with_six_decimals_at_most) {
  EXPECT_EQ(rate_text(1), "1");
  EXPECT_EQ(rate_text(0), "0");
  EXPECT_EQ(rate_text(0.3), "0.3");
  EXPECT_EQ(rate_text(0.0000005), "0.000001");
  EXPECT_EQ(rate_text(0.123456789), "0.123457");
}

TEST(Rules, bad_ones_are_left_out) {
  struct Case {
    const char* name;
    const char* json;
    std::size_t rules;
    bool complains;
  };
  constexpr Case kCases[] = {
      {"empty", "", 0, false},
      {"one", R"([{"sample_rate": 0.5, "service": "w*"}])", 1, false},
      {"no rate", R"([{"service":"a"},{"sample_rate":1}])", 1, true},
      {"unknown key", R"([{"sample_rate":1,"colour":{"a":[1]}},{"sample_rate":1}])", 1, true},
      {"unknown provenance", R"([{"sample_rate":1,"provenance":"me"}])", 0, true},
      {"not a list", R"({"sample_rate":1})", 0, true},
      {"cut off", R"([{"sample_rate":1},{"sample)", 0, true},
      {"no number", R"([{"sample_rate":"x"}])", 0, true},
      {"discard", R"([{"sample_rate":1,"discard":true},{"sample_rate":1,"discard":1}])", 1, true},
      {"tags as remote configuration writes them",
       R"([{"sample_rate":1,"tags":[{"key":"a","value_glob":"b*"}]}])", 1, false},
      {"tags", R"([{"sample_rate":1,"tags":{"a":"b*"}}])", 1, false},
  };
  for (const Case& c : kCases) {
    std::vector<std::string> problems;
    EXPECT_EQ(parse_rules(c.json, &problems).size(), c.rules) << c.name;
    EXPECT_EQ(!problems.empty(), c.complains) << c.name;
  }
}

TEST(Rules, are_sorted_by_provenance) {
  const auto rules = parse_rules(
      R"([{"sample_rate":0.1},{"sample_rate":0.2,"provenance":"dynamic"},
          {"sample_rate":0.3,"provenance":"customer"}])");
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[0].rate, 0.3);
  EXPECT_EQ(rules[2].rate, 0.1);
}

TEST(Limiter, refills_after_a_second) {
  Limiter limiter(2);
  EXPECT_TRUE(limiter.allow(1));
  EXPECT_TRUE(limiter.allow(2));
  EXPECT_FALSE(limiter.allow(3));
  EXPECT_TRUE(limiter.allow(1'500'000'000));
  EXPECT_FALSE(Limiter(0).allow(1));
  EXPECT_TRUE(Limiter(-1).allow(1));
}

class Decide : public testing::Test {
 protected:
  void SetUp() override { span = trace::Tracer::get().start({.name = "web", .service = "shop"}); }
  void TearDown() override {
    trace::Tracer::get().abandon(span);
    span->chunk->release();
    configure({});
    update_agent_rates({});
  }
  std::string maker() const {
    const std::string* text = trace::find_entry(span->segment->meta(), "_dd.p.dm");
    return text ? *text : "";
  }
  double number(const trace::Key& key) const {
    double value = -99;
    span->number(key, value);
    return value;
  }
  trace::Span* span;
};

TEST_F(Decide, keeps_by_default) {
  decide(*span->segment, *span);
  EXPECT_EQ(span->segment->priority, 1);
  EXPECT_EQ(maker(), "-0");
}

TEST_F(Decide, a_rule_beats_the_agent) {
  update_agent_rates({{"service:shop,env:", 1}});
  configure({.rules = parse_rules(R"([{"sample_rate":0,"service":"SH*"}])")});
  decide(*span->segment, *span);
  EXPECT_EQ(span->segment->priority, -1);
  EXPECT_EQ(maker(), "-3");
  EXPECT_EQ(number(tags::kRulePsr), 0);
  EXPECT_EQ(span->text(tags::kKnuthRate), "0");
}

// As in the reference: an empty pattern is one that only an empty text fits.
TEST_F(Decide, an_empty_pattern_is_not_any) {
  configure(
      {.rules = parse_rules(R"([{"sample_rate":0,"service":""},{"sample_rate":0,"name":""}])")});
  decide(*span->segment, *span);
  EXPECT_EQ(maker(), "-0");
}

TEST(SpanRules, a_pattern_of_a_service_fits_no_span_without_one) {
  const auto rules = parse_span_rules(R"([{"service":"*"},{"name":"*"}])");
  trace::Span span;
  span.name = trace::Text("web");
  EXPECT_FALSE(rules[0].matches(span));
  EXPECT_TRUE(rules[1].matches(span));
}

// What the context says is the root's from the decision on, but for the texts of headers.
TEST_F(Decide, the_root_gets_what_the_context_says) {
  trace::set_entry(span->segment->meta(), "team", "x");
  trace::set_entry(span->segment->meta(), "traceparent", "y");
  configure({.rules = parse_rules(R"([{"sample_rate":0,"tags":{"team":"x"}}])")});
  decide(*span->segment, *span);
  EXPECT_EQ(span->text(trace::Key("team")), "x");
  EXPECT_FALSE(span->has(trace::Key("traceparent")));
  EXPECT_EQ(maker(), "-3");
}

TEST_F(Decide, the_agents_rate_needs_the_exact_key) {
  update_agent_rates({{"service:,env:", 0}});
  decide(*span->segment, *span);
  EXPECT_EQ(span->segment->priority, 1);
}

TEST_F(Decide, the_agents_rate_drops) {
  update_agent_rates({{"service:shop,env:", 0}});
  decide(*span->segment, *span);
  EXPECT_EQ(span->segment->priority, 0);
  EXPECT_EQ(maker(), "-1");
  EXPECT_EQ(number(tags::kAgentPsr), 0);
}

TEST_F(Decide, the_limiter_is_asked_when_a_rule_keeps) {
  configure({.rules = parse_rules(R"([{"sample_rate":1}])"), .limit_per_second = 0});
  decide(*span->segment, *span);
  EXPECT_EQ(span->segment->priority, -1);
  EXPECT_EQ(number(tags::kLimitPsr), 0);
}

TEST_F(Decide, a_hand_overrules_and_stays) {
  decide_by_hand(*span->segment, false);
  decide(*span->segment, *span);
  EXPECT_EQ(span->segment->priority, -1);
  EXPECT_EQ(maker(), "-4");
}

TEST_F(Decide, integral_numbers_match_as_text_and_others_only_wildcards) {
  span->set(trace::Key("n"), 3.0);
  span->set(trace::Key("f"), 3.5);
  EXPECT_TRUE(parse_rules(R"([{"sample_rate":1,"tags":{"n":"3","f":"*"}}])")[0].matches(*span));
  EXPECT_FALSE(parse_rules(R"([{"sample_rate":1,"tags":{"f":"3*"}}])")[0].matches(*span));
}

TEST_F(Decide, numbers_match_by_their_text) {
  const auto matches = [&](double value, const char* pattern) {
    span->set(trace::Key("n"), value);
    return parse_rules(std::string(R"([{"sample_rate":1,"tags":{"n":")") + pattern + "\"}}]")[0]
        .matches(*span);
  };
  EXPECT_TRUE(matches(1.5, "???") && matches(1e-7, "?????") && matches(1e300, "1*"));
  EXPECT_FALSE(matches(1.5, "?") || matches(1.5, "1.5") || matches(1e-7, "????"));
}

TEST(SpanRules, need_a_service_or_a_name) {
  std::vector<std::string> problems;
  const auto rules = parse_span_rules(
      R"([{"service":"a"},{"sample_rate":1},{"name":"n","sample_rate":0.5,"max_per_second":2}])",
      &problems);
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0].rate, 1);
  EXPECT_EQ(rules[0].max_per_second, -1);
  EXPECT_EQ(rules[1].max_per_second, 2);
  EXPECT_EQ(problems.size(), 1u);
}

TEST_F(Decide, spans_of_dropped_traces_are_kept_alone) {
  configure({.rules = parse_rules(R"([{"sample_rate":0}])"),
             .span_rules = parse_span_rules(R"([{"service":"sh*","max_per_second":1}])")});
  decide(*span->segment, *span);
  std::vector<trace::Span*> spans{span};
  EXPECT_TRUE(decided(*span->segment, spans));
  EXPECT_EQ(number(tags::kSpanSamplingMechanism), 8);
  EXPECT_EQ(number(tags::kSpanSamplingRate), 1);
  EXPECT_EQ(number(tags::kSpanSamplingLimit), 1);
  span->remove(tags::kSpanSamplingMechanism);
  EXPECT_TRUE(decided(*span->segment, spans));  // the second within a second
  EXPECT_FALSE(span->has(tags::kSpanSamplingMechanism));
}

TEST_F(Decide, spans_of_kept_traces_are_left_alone) {
  configure({.span_rules = parse_span_rules(R"([{"service":"sh*"}])")});
  decide(*span->segment, *span);
  std::vector<trace::Span*> spans{span};
  EXPECT_TRUE(decided(*span->segment, spans));
  EXPECT_FALSE(span->has(tags::kSpanSamplingMechanism));
}

TEST_F(Decide, what_a_discarding_rule_rejects_early_is_sent) {
  configure({.rules = parse_rules(R"([{"sample_rate":0,"discard":true}])")});
  decide(*span->segment, *span);
  decide_last(*span->segment, *span);
  std::vector<trace::Span*> spans{span};
  EXPECT_TRUE(decided(*span->segment, spans));
  EXPECT_EQ(span->segment->priority, -1);
}

TEST_F(Decide, what_a_discarding_rule_rejects_is_dropped) {
  configure({.rules = parse_rules(R"([{"sample_rate":0,"discard":true}])")});
  decide_last(*span->segment, *span);
  std::vector<trace::Span*> spans{span};
  EXPECT_FALSE(decided(*span->segment, spans));
  EXPECT_TRUE(span->segment->discarded);
}

TEST_F(Decide, without_apm_one_trace_a_minute_is_kept) {
  configure({.rules = parse_rules(R"([{"sample_rate":1}])"), .opt_out = true});
  decide(*span->segment, *span);
  EXPECT_EQ(span->segment->priority, 1);
  EXPECT_EQ(maker(), "-5");
  EXPECT_EQ(number(tags::kLimitPsr), 1);
  span->segment->priority.reset();
  decide(*span->segment, *span);
  EXPECT_EQ(span->segment->priority, 0);
  EXPECT_EQ(number(tags::kLimitPsr), 0.5);
  std::vector<trace::Span*> spans{span};
  EXPECT_TRUE(decided(*span->segment, spans));
  EXPECT_EQ(number(tags::kApmEnabled), 0);
}

TEST_F(Decide, remote_rules_stand_before_the_configured_ones) {
  configure({.rules = parse_rules(R"([{"sample_rate":1}])")});
  set_remote(R"([{"sample_rate":0.25,"service":"shop","provenance":"customer"},
                 {"sample_rate":1,"provenance":"customer"}, {"sample_rate":1,"service":"shop"}])",
             0.75);
  decide(*span->segment, *span);
  EXPECT_EQ(maker(), "-11");
  EXPECT_EQ(number(tags::kRulePsr), 0.25);
  const auto again = [&] {
    span->segment->priority.reset();
    span->segment->meta().clear();
    decide(*span->segment, *span);
  };
  set_remote("", 0.75);
  again();
  EXPECT_EQ(maker(), "-3");
  EXPECT_EQ(number(tags::kRulePsr), 0.75);
  set_remote("", std::nullopt);
  again();
  EXPECT_EQ(number(tags::kRulePsr), 1);
}

// What the reference writes for trace id 77 and these decisions.
TEST_F(Decide, is_told_to_opentelemetry_when_headers_are_written) {
  trace::Segment& segment = *span->segment;
  segment.trace_id = {.high = 0, .low = 77};
  const auto told = [&]() -> std::string {
    trace::otel::settle(segment);
    const std::string* text = trace::find_entry(segment.meta(), "tracestate");
    return text ? *text : "";
  };
  decide(segment, *span);
  EXPECT_EQ(told(), "ot=rv:5cad9b83d5e9c7;th:0");
  decide_by_hand(segment, true);
  EXPECT_EQ(told(), "ot=rv:5cad9b83d5e9c7");

  const auto after_rule = [&](const char* inbound) {
    segment.priority.reset();
    segment.meta() = {{"tracestate", inbound}};
    segment.otel = trace::OtelNote::kNothing;
    configure({.rules = parse_rules(R"([{"sample_rate":0.3}])")});
    decide(segment, *span);
    return told();
  };
  EXPECT_EQ(after_rule("dd=o:rum,ot=a:b;c:d,x=1"),
            "dd=o:rum,ot=rv:5cad9b83d5e9c7;th:b333333333333;a:b;c:d,x=1");
  EXPECT_EQ(after_rule("dd=o:rum,ot=th:8"), "dd=o:rum,ot=th:8");
  decide_by_hand(segment, false);
  EXPECT_EQ(told(), "dd=o:rum");
  EXPECT_EQ(trace::otel::tidy("a;;c:d;rv:12345678901234;q:;:z;th:0000;rv:22345678901234"),
            "rv:22345678901234;th:0000;a;c:d;q:;:z");
  EXPECT_EQ(trace::otel::tidy("rv:12345678901234;rv:1;th:123456789012345"), "");
}

}  // namespace
}  // namespace dd::sampling
