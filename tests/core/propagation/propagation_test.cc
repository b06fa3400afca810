#include "core/propagation/propagation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "core/config/core_settings.h"
#include "core/propagation/tally.h"
#include "core/trace/otel_state.h"

namespace dd::propagation {
namespace {

class Headers : public Carrier {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<const std::string, std::string>> lines) : all(lines) {}
  std::optional<std::string_view> get(std::string_view name) const override {
    const auto at = all.find(std::string(name));
    if (at == all.end()) return std::nullopt;
    return at->second;
  }
  void set(std::string_view name, std::string_view value) override {
    all[std::string(name)] = value;
  }
  std::map<std::string, std::string> all;
};

Options with(std::string_view styles) {
  return {.extract = parse_styles(styles),
          .inject = parse_styles(styles),
          .baggage_tag_keys = {"user.id"}};
}

std::string meta(const ExtractedContext& context, std::string_view name) {
  const std::string* text = trace::find_entry(context.segment->meta(), name);
  return text ? *text : "(none)";
}

constexpr const char* kParent = "00-640cfd8d00000000abcdefab12345678-00f067aa0ba902b7-01";

TEST(Datadog, a_context_goes_out_and_comes_back) {
  auto segment = trace::Segment::make({.high = 0x640cfd8d00000000, .low = 42});
  segment->priority = 2;
  segment->origin = "synthetics";
  trace::set_entry(segment->meta(), "_dd.p.dm", "-3");
  Headers headers;
  inject(*segment, 7, false, headers, with("datadog"));
  EXPECT_EQ(headers.all["x-datadog-tags"], "_dd.p.dm=-3,_dd.p.tid=640cfd8d00000000");
  const ExtractedContext context = extract(headers, with("datadog"));
  ASSERT_TRUE(context.found());
  EXPECT_EQ(context.segment->trace_id, segment->trace_id);
  EXPECT_EQ(context.span_id, 7u);
  EXPECT_EQ(context.segment->priority, 2);
  EXPECT_EQ(context.segment->origin, "synthetics");
  EXPECT_EQ(meta(context, "_dd.p.dm"), "-3");
}

TEST(Datadog, bad_headers_are_survived) {
  struct Case {
    const char* name;
    Headers headers;
  };
  const Case cases[] = {
      {"no trace id", {{"x-datadog-parent-id", "1"}}},
      {"zero", {{"x-datadog-trace-id", "0"}}},
      {"too large", {{"x-datadog-trace-id", "18446744073709551616"}}},
      {"text", {{"x-datadog-trace-id", "12x"}}},
      {"negative", {{"x-datadog-trace-id", "-1"}}},
      {"bad parent", {{"x-datadog-trace-id", "1"}, {"x-datadog-parent-id", "z"}}},
      {"bad priority", {{"x-datadog-trace-id", "1"}, {"x-datadog-sampling-priority", "x"}}},
  };
  for (const Case& c : cases) EXPECT_FALSE(extract(c.headers, with("datadog")).found()) << c.name;
}

TEST(Datadog, marks_what_is_wrong_with_its_tags) {
  struct Case {
    const char* name;
    std::string tags;
    const char* error;
  };
  const Case cases[] = {
      {"too long", "_dd.p.a=" + std::string(600, 'x'), "extract_max_size"},
      {"malformed", "_dd.p.a", "decoding_error"},
      {"upper case tid", "_dd.p.tid=640CFD8D00000000", "malformed_tid 640CFD8D00000000"},
      {"short tid", "_dd.p.tid=1", "malformed_tid 1"},
      {"zero tid", "_dd.p.tid=0000000000000000", "malformed_tid 0000000000000000"},
      {"bad decision maker", "_dd.p.dm=-256", "decoding_error"},
      {"good", "_dd.p.dm=-1,foo=bar", "(none)"},
  };
  for (const Case& c : cases) {
    const Headers headers{{"x-datadog-trace-id", "1"}, {"x-datadog-tags", c.tags}};
    const ExtractedContext context = extract(headers, with("datadog"));
    ASSERT_TRUE(context.found()) << c.name;
    EXPECT_EQ(meta(context, "_dd.propagation_error"), c.error) << c.name;
    EXPECT_EQ(meta(context, "foo"), "(none)") << c.name;
  }
}

TEST(Datadog, tags_that_do_not_fit_are_left_out_and_marked) {
  auto segment = trace::Segment::make({.high = 0, .low = 1});
  trace::set_entry(segment->meta(), "_dd.p.a", std::string(600, 'x'));
  Headers headers;
  inject(*segment, 7, false, headers, with("datadog"));
  EXPECT_EQ(headers.all.count("x-datadog-tags"), 0u);
  EXPECT_EQ(*trace::find_entry(segment->meta(), "_dd.propagation_error"), "inject_max_size");
}

TEST(TraceContext, refuses_what_the_specification_refuses) {
  struct Case {
    const char* name;
    std::string header;
    bool good;
  };
  const std::string tail = std::string(kParent).substr(2);
  const Case cases[] = {
      {"plain", kParent, true},
      {"blanks around", " " + std::string(kParent) + " ", true},
      {"future version", "01" + tail, true},
      {"future version with a tail", "01" + tail + "-x", true},
      {"tail without a dash", "01" + tail + "x", false},
      {"version 00 with a tail", kParent + std::string("-x"), false},
      {"version ff", "ff" + tail, false},
      {"upper case", "00-640CFD8D00000000ABCDEFAB12345678-00f067aa0ba902b7-01", false},
      {"zero trace", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
      {"zero span", "00-640cfd8d00000000abcdefab12345678-0000000000000000-01", false},
      {"short", "00-1-2-01", false},
      {"empty", "", false},
  };
  for (const Case& c : cases)
    EXPECT_EQ(extract(Headers{{"traceparent", c.header}}, with("tracecontext")).found(), c.good)
        << c.name;
}

TEST(TraceContext, resolves_the_priority) {
  struct Case {
    const char* flags;
    const char* state;
    std::optional<int> priority;
  };
  const Case cases[] = {
      {"00", "", 0},          {"00", "dd=s:2", 0},         {"00", "dd=s:-1", -1},
      {"01", "", 1},          {"01", "dd=s:0", 1},         {"01", "dd=s:-1", 1},
      {"01", "dd=s:2", 2},    {"01", "dd=o:rum", {}},      {"00", "dd=s:0;o:rum", 0},
      {"01", "dd=s:x", 1},    {"01", "dd=nocolon;s:2", 1}, {"01", "dd=s:;s:2", 2},
      {"01", "dd=s:2;s:", 1},
  };
  for (const Case& c : cases) {
    const Headers headers{{"traceparent", std::string(kParent).substr(0, 53) + c.flags},
                          {"tracestate", c.state}};
    EXPECT_EQ(extract(headers, with("tracecontext")).segment->priority, c.priority)
        << c.flags << " " << c.state;
  }
}

TEST(TraceContext, state_keeps_other_vendors_and_their_look_alikes) {
  const Headers in{{"traceparent", kParent},
                   {"tracestate", "xdd=1, dd=s:2;o:a~b;p:1122334455667788;t.dm:-4,other=2"}};
  const ExtractedContext context = extract(in, with("tracecontext"));
  EXPECT_EQ(context.segment->origin, "a=b");
  EXPECT_EQ(meta(context, "_dd.parent_id"), "1122334455667788");
  Headers local, remote;
  inject(*context.segment, 1, false, local, with("tracecontext"));
  EXPECT_EQ(local.all["tracestate"], "dd=p:0000000000000001;s:2;o:a~b;t.dm:-4,xdd=1,other=2");
  EXPECT_EQ(local.all["traceparent"], "00-640cfd8d00000000abcdefab12345678-0000000000000001-01");
  inject(*context.segment, context.span_id, true, remote, with("tracecontext"));
  EXPECT_EQ(remote.all["tracestate"], "dd=p:1122334455667788;s:2;o:a~b;t.dm:-4,xdd=1,other=2");
}

TEST(TraceContext, state_is_bounded) {
  std::string state;
  for (int i = 0; i < 100; ++i) state += "v" + std::to_string(i) + "=1,";
  state += "dd=s:2";
  const ExtractedContext context =
      extract(Headers{{"traceparent", kParent}, {"tracestate", state}}, with("tracecontext"));
  const std::string kept = meta(context, "tracestate");
  EXPECT_TRUE(kept.starts_with("dd=s:2,v0=1,"));
  EXPECT_EQ(std::count(kept.begin(), kept.end(), ','), 31);
}

TEST(TraceContext, state_has_ours_first_then_opentelemetrys) {
  struct Case {
    const char *state, *kept;
  };
  const Case cases[] = {
      {"dd=s:1,ot=rv:67993f71ca1cd5;th:0,a=1", "dd=s:1,ot=rv:67993f71ca1cd5;th:0,a=1"},
      {"ot=rv:67993f71ca1cd5", "ot=rv:67993f71ca1cd5"},
      {"ot=th:0;rv:67993f71ca1cd5,a=1", "ot=rv:67993f71ca1cd5;th:0,a=1"},
      {"dd=s:1,ot=rv:67993F71ca1cd5;th:0", "dd=s:1,ot=th:0"},
      {"dd=s:1,ot=rv:67993f71ca1cd5;th:", "dd=s:1,ot=rv:67993f71ca1cd5"},
      {"dd=s:1,a=1,ot=rv:67993f71ca1cd5;th:0", "dd=s:1,ot=rv:67993f71ca1cd5;th:0,a=1"},
      {"ot= ;th:0 ,a=1", "ot=th:0;,a=1"},
      {"ot=a:b ;th:0", "ot=th:0;a:b"},
      {"a=1,dd=s:1", "dd=s:1,a=1"},
      {"dd=s:1,a=1,dd=s:2", "dd=s:2,a=1"},
      {"dd=s:1,,a=1,", "dd=s:1,a=1"},
      {"dd=s:1, a=1", "dd=s:1,a=1"},
      {"a=1,b=2", "a=1,b=2"},
      {"", "(none)"},
      {",", "(none)"},
  };
  for (const Case& c : cases) {
    const Headers headers{{"traceparent", kParent}, {"tracestate", c.state}};
    EXPECT_EQ(meta(extract(headers, with("tracecontext")), "tracestate"), c.kept) << c.state;
    Headers both = headers;
    both.set("x-datadog-trace-id", "12379814468735227512");  // 0xabcdefab12345678
    both.set("x-datadog-parent-id", "5");
    both.set("x-datadog-tags", "_dd.p.tid=640cfd8d00000000");
    const ExtractedContext joined = extract(both, with("datadog,tracecontext"));
    EXPECT_EQ(meta(joined, "tracestate"), c.kept) << c.state;
    EXPECT_EQ(meta(joined, "_dd.parent_id"), "0000000000000005") << c.state;
    EXPECT_EQ(joined.span_id, 0x00f067aa0ba902b7u) << c.state;
    EXPECT_TRUE(joined.links.empty()) << c.state;
  }
}

TEST(TraceContext, what_leaves_is_no_longer_than_what_may_come_in) {
  const std::string longest = "a=" + std::string(509, 'v'), half = "b=" + std::string(248, 'w');
  struct {
    std::string state, sent;
  } const cases[] = {
      {longest, "dd=p:0000000000000005;s:1"},
      {half + ",c=1," + longest.substr(0, 257) + ",d=1",
       "dd=p:0000000000000005;s:1," + half + ",c=1,d=1"},
      {half + ",c=" + std::string(120, 'x') + ",d=" + std::string(120, 'y') +
           ",e=" + std::string(9, 'z'),
       "dd=p:0000000000000005;s:1," + half + ",c=" + std::string(120, 'x') +
           ",d=" + std::string(120, 'y')},
  };
  for (const auto& c : cases) {
    const auto segment = trace::Segment::make({0, 1});
    segment->priority = 1;
    trace::set_entry(segment->meta(), "tracestate", c.state);
    EXPECT_EQ(tracestate(*segment, LastParent::kSpan, 5), c.sent);
  }
}

TEST(TraceContext, bytes_that_are_not_printable_lose_the_whole_state) {
  const Headers headers{{"traceparent", kParent}, {"tracestate", "dd=s:2,a=\x7f"}};
  const ExtractedContext context = extract(headers, with("tracecontext"));
  EXPECT_EQ(meta(context, "tracestate"), "(none)");
  EXPECT_EQ(context.segment->priority, 1);
}

TEST(B3, both_forms_there_and_back) {
  auto segment = trace::Segment::make({.high = 1, .low = 2});
  segment->priority = 2;
  for (const char* style : {"b3", "b3multi"}) {
    Headers headers;
    inject(*segment, 3, false, headers, with(style));
    const ExtractedContext context = extract(headers, with(style));
    ASSERT_TRUE(context.found()) << style;
    EXPECT_EQ(context.segment->trace_id, segment->trace_id) << style;
    EXPECT_EQ(context.span_id, 3u) << style;
    EXPECT_EQ(context.segment->priority, 2) << style;
  }
  EXPECT_FALSE(extract(Headers{{"b3", "zz-1"}}, with("b3")).found());
  EXPECT_EQ(extract(Headers{{"b3", "0"}}, with("b3")).segment->priority, 0);
}

TEST(Baggage, is_encoded_and_read_back) {
  const trace::Entries items = {{"user.id", "ä b"}, {"x", "1,2=3"}};
  const std::string header = encode_baggage(items);
  EXPECT_EQ(header, "user.id=%C3%A4%20b,x=1%2C2%3D3");
  EXPECT_EQ(parse_baggage(header), items);
}

TEST(Baggage, one_bad_item_loses_the_header) {
  for (const char* bad : {"a", "a=1,b", "=1", "a=", "a=1,,b=2"})
    EXPECT_EQ(parse_baggage(bad), std::nullopt) << bad;
}

TEST(Baggage, alone_makes_a_context_without_ids) {
  const ExtractedContext context =
      extract(Headers{{"baggage", "user.id=7,k=v"}}, with("datadog,baggage"));
  ASSERT_TRUE(context.found());
  EXPECT_FALSE(context.segment->trace_id);
  EXPECT_EQ(meta(context, "baggage.user.id"), "7");
  EXPECT_EQ(meta(context, "baggage.k"), "(none)");
}

TEST(Conflicts, another_trace_becomes_a_link) {
  const Headers headers{{"x-datadog-trace-id", "5"},
                        {"x-datadog-parent-id", "6"},
                        {"traceparent", kParent},
                        {"tracestate", "dd=s:1"}};
  const ExtractedContext context = extract(headers, with("datadog,tracecontext"));
  EXPECT_EQ(context.segment->trace_id.low, 5u);
  ASSERT_EQ(context.links.size(), 1u);
  EXPECT_EQ(context.links[0].style, "tracecontext");
  EXPECT_EQ(context.links[0].reason, "terminated_context");
  EXPECT_EQ(context.links[0].tracestate.value_or(""), "dd=s:1");
  EXPECT_EQ(context.links[0].flags, 1u);
}

TEST(Conflicts, the_same_trace_takes_the_span_of_traceparent) {
  const Headers headers{{"x-datadog-trace-id", std::to_string(0xabcdefab12345678)},
                        {"x-datadog-parent-id", "6"},
                        {"x-datadog-tags", "_dd.p.tid=640cfd8d00000000"},
                        {"traceparent", kParent}};
  const ExtractedContext context = extract(headers, with("datadog,tracecontext"));
  EXPECT_TRUE(context.links.empty());
  EXPECT_EQ(context.span_id, 0x00f067aa0ba902b7u);
  EXPECT_EQ(meta(context, "_dd.parent_id"), "0000000000000006");
  EXPECT_EQ(meta(context, "traceparent"), kParent);
}

TEST(Behavior, restart_links_and_ignore_forgets) {
  const Headers headers{
      {"x-datadog-trace-id", "5"}, {"x-datadog-parent-id", "6"}, {"baggage", "k=v"}};
  Options options = with("datadog,baggage");
  options.behavior = Behavior::kRestart;
  const ExtractedContext fresh = extract(headers, options);
  EXPECT_FALSE(fresh.segment->trace_id);
  EXPECT_EQ(fresh.segment->baggage.size(), 1u);
  ASSERT_EQ(fresh.links.size(), 1u);
  EXPECT_EQ(fresh.links[0].reason, "propagation_behavior_extract");
  options.behavior = Behavior::kIgnore;
  EXPECT_FALSE(extract(headers, options).found());
}

TEST(Behavior, extract_first_looks_at_one_style_only) {
  Options options = with("datadog,tracecontext");
  options.extract_first = true;
  EXPECT_FALSE(extract(Headers{{"traceparent", kParent}}, options).found());
}

TEST(Options, come_from_the_settings) {
  config::extract_behavior.assign(" Restart", config::Origin::kCode);
  config::datadog_tags_max_length.set(9000);
  reload_options();
  EXPECT_EQ(options().behavior, Behavior::kRestart);
  EXPECT_EQ(options().datadog_tags_max_length, 512u);
  config::extract_behavior.unset(config::Origin::kCode);
  config::datadog_tags_max_length.unset(config::Origin::kCode);
  reload_options();
  EXPECT_EQ(options().behavior, Behavior::kContinue);
  EXPECT_FALSE(options().inject.empty());
}

TEST(TraceParent, is_written_alone_too) {
  const auto segment = trace::Segment::make({0, 7});
  segment->priority = 1;
  EXPECT_EQ(traceparent(*segment, 5), "00-00000000000000000000000000000007-0000000000000005-01");
  EXPECT_EQ(traceparent(*segment, 0), "");
}

// As from the reference: a member ends with no blank.
TEST(TraceState, ends_with_no_blank) {
  const auto segment = trace::Segment::make({0, 7});
  segment->priority = 1;
  trace::set_entry(segment->meta(), "_dd.p.k", "001 ");
  trace::set_entry(segment->meta(), "tracestate", "a=b");
  EXPECT_EQ(tracestate(*segment, LastParent::kSpan, 5), "dd=p:0000000000000005;s:1;t.k:001,a=b");
}

TEST(TraceState, is_passed_on_as_it_came_when_nothing_is_known) {
  const auto segment = trace::Segment::make({0, 7});
  trace::set_entry(segment->meta(), "tracestate", "foo=1,dd=s:2;t.dm:-4");
  trace::set_entry(segment->meta(), "_dd.parent_id", "00000000000000aa");
  EXPECT_EQ(tracestate(*segment, LastParent::kNone), "dd=s:2;t.dm:-4,foo=1");
  EXPECT_EQ(tracestate(*segment, LastParent::kStored), "dd=p:00000000000000aa;s:2;t.dm:-4,foo=1");
}

TEST(Baggage, is_cut_after_64_items) {
  trace::Entries items;
  for (int i = 0; i < 70; ++i) trace::set_entry(items, "k" + std::to_string(i), "v");
  const std::string header = encode_baggage(items);
  EXPECT_EQ(std::count(header.begin(), header.end(), ','), 63);
}

// Nobody's header breaks its line.
TEST(Baggage, of_the_old_form_has_no_line_breaks) {
  const auto segment = trace::Segment::make({0, 7});
  trace::set_entry(segment->baggage, "good", "v");
  trace::set_entry(segment->baggage, "bad", "v\r\nx-other: 1");
  Options options = with("datadog");
  options.legacy_baggage = true;
  Headers out;
  inject(*segment, 5, false, out, options);
  EXPECT_TRUE(out.all.contains("ot-baggage-good"));
  EXPECT_FALSE(out.all.contains("ot-baggage-bad"));
}

class InOrder : public Carrier {
 public:
  std::optional<std::string_view> get(std::string_view) const override { return std::nullopt; }
  void set(std::string_view name, std::string_view value) override {
    lines.emplace_back(name, value);
  }
  trace::Entries lines;
};

// The short way for traces that begin here, and the one for all: in what they write and leave
// behind.
TEST(NewTrace, is_told_as_any_other) {
  struct Case {
    int priority;
    double rate;
    bool keep;
  };
  constexpr Case kCases[] = {
      {1, 1, true}, {2, -1, true}, {-1, 0.25, false}, {0, 0.5, false}, {1, 0.3, true}};
  for (const Case& one : kCases) {
    Options options = with("datadog,tracecontext,baggage");
    const auto far = trace::Segment::make({0x640cfd8d00000000, 0xabcdefab12345678});
    const auto near = trace::Segment::make(far->trace_id);
    for (const auto& segment : {far, near}) {
      segment->priority = one.priority;
      segment->set_maker(one.rate < 0 ? 4 : 3);
      if (one.rate < 0)
        trace::otel::note_no_rate(*segment);
      else
        trace::otel::note_rate(*segment, one.rate, one.keep);
    }
    for (std::uint64_t span = 5; span < 8; ++span) {
      if (span == 7)
        for (const auto& segment : {far, near}) trace::otel::note_no_rate(*segment);
      InOrder usual, other;
      options.usual = false;
      inject(*far, span, false, other, options);
      options.usual = true;
      inject(*near, span, false, usual, options);
      EXPECT_EQ(usual.lines, other.lines);
      EXPECT_EQ(usual.lines.size(), 6u);
    }
    EXPECT_EQ(near->meta(), far->meta());
  }
}

std::string counted(const Count (&by_style)[kStyles]) {
  std::string out;
  for (int i = 0; i < kStyles; ++i)
    if (const auto count = by_style[i].get())
      out += std::string(style_name(static_cast<Style>(i))) + ":" + std::to_string(count) + " ";
  return out;
}

TEST(Tally, counts_what_each_style_gave_and_took) {
  const Options options = with("datadog,tracecontext,b3,baggage");
  clear_tally();
  const Headers both = {{"x-datadog-trace-id", "5"},
                        {"x-datadog-parent-id", "6"},
                        {"traceparent", "00-00000000000000000000000000000005-0000000000000006-01"}};
  (void)extract(both, options);
  (void)extract(Headers{{"x-datadog-trace-id", "5"}, {"traceparent", "bad"}}, options);
  (void)extract(Headers{{"traceparent", kParent}, {"baggage", "a=b"}}, options);
  (void)extract(Headers{{"baggage", "bad"}}, options);
  (void)extract(Headers{}, options);
  EXPECT_EQ(counted(tally.extracted), "datadog:2 tracecontext:2 baggage:1 ");
  EXPECT_EQ(tally.malformed_baggage.get(), 1u);
  const auto segment = trace::Segment::make({0, 7});
  Headers out;
  inject(*segment, 5, false, out, options);
  for (int i = 0; i < 70; ++i) trace::set_entry(segment->baggage, "k" + std::to_string(i), "v");
  inject(*segment, 0, false, out, options);
  EXPECT_EQ(counted(tally.injected), "datadog:1 tracecontext:1 b3:1 baggage:1 ");
  EXPECT_EQ(tally.too_many_items.get(), 1u);
  EXPECT_EQ(tally.too_many_bytes.get(), 0u);
}

}  // namespace
}  // namespace dd::propagation
