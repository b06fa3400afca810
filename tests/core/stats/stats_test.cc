#include <gtest/gtest.h>

#include <string>

#include "core/stats/concentrator.h"
#include "core/stats/sketch.h"
#include "core/trace/tags.h"
#include "tests/fakes/made_trace.h"

namespace dd::stats {
namespace {

std::string hex(const std::string& bytes) {
  std::string out;
  for (const unsigned char c : bytes) {
    out += "0123456789abcdef"[c >> 4];
    out += "0123456789abcdef"[c & 15];
  }
  return out;
}

// Bytes as the reference sends them.
TEST(Sketch, is_written_as_the_reference_writes_it) {
  Sketch empty, one;
  one.add(23'876);
  std::string nothing, some;
  empty.append_protobuf(nothing);
  one.append_protobuf(some);
  EXPECT_EQ(hex(nothing), "0a1209000000000040f03f110000000000ea944012001a00");
  EXPECT_EQ(hex(some),
            "0a1209000000000040f03f110000000000ea9440120d1208000000000000f03f18881f1a00");
}

TEST(Sketch, counts_nothing_and_everything) {
  Sketch sketch;
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{1},
                                   INT64_MAX, std::int64_t{1'000}, std::int64_t{1}})
    sketch.add(static_cast<double>(value));
  EXPECT_EQ(sketch.count(), 6);
  std::string out;
  sketch.append_protobuf(out);
  EXPECT_TRUE(hex(out).ends_with("1a00210000000000000040"));  // two of them are zero
  EXPECT_LT(out.size(), 2048u * 8 + 64);
}

TEST(Peers, addresses_are_not_counted_by) {
  EXPECT_EQ(quantize_peer("10.1.2.3"), "blocked-ip-address");
  EXPECT_EQ(quantize_peer("10.1.2.3:5432"), "blocked-ip-address:5432");
  EXPECT_EQ(quantize_peer("[fe80::1]:80"), "blocked-ip-address:80");
  EXPECT_EQ(quantize_peer("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(quantize_peer("db.internal:5432"), "db.internal:5432");
}

TEST(Grpc, statuses_are_numbers) {
  EXPECT_EQ(grpc_status("StatusCode.UNAVAILABLE"), "14");
  EXPECT_EQ(grpc_status("ok"), "0");
  EXPECT_EQ(grpc_status("7"), "7");
  EXPECT_EQ(grpc_status("strange"), "");
}

class Stats : public testing::Test {
 protected:
  Stats() {
    facts.service = "shop";
    facts.env = "test";
    facts.runtime_id = "r";
  }
  bool has(const std::string& body, std::string_view text) const {
    return body.find(text) != body.npos;
  }
  trace::ProcessFacts facts;
  Concentrator concentrator;
  // MadeTrace's spans start here.
  static constexpr std::int64_t kStart = 1'700'000'000'000'000'000;
};

TEST_F(Stats, keep_the_newest_buckets_until_the_end) {
  fakes::MadeTrace made;
  made.span("web.request", 1);
  concentrator.add(made.delivery());
  EXPECT_EQ(concentrator.flush(kStart + 5'000'000'000, false, facts), "");
  EXPECT_NE(concentrator.flush(kStart + 5'000'000'000, true, facts), "");
  EXPECT_EQ(concentrator.flush(kStart + 5'000'000'000, true, facts), "");
  concentrator.add(made.delivery());
  EXPECT_NE(concentrator.flush(kStart + 25'000'000'000, false, facts), "");
}

TEST_F(Stats, count_top_level_measured_and_client_spans) {
  fakes::MadeTrace made;
  made.span("web.request", 1);
  made.span("inner", 2, 1);
  made.span("heavy", 3, 1).flags |= trace::kMeasured;
  auto& client = made.span("fetch", 4, 1);
  made.tag(client, "span.kind", "client");
  made.tag(client, "db.name", "orders");
  made.tag(client, "out.host", "10.0.0.1");
  concentrator.set_rules({.peer_tags = {"db.name", "out.host"}});
  concentrator.add(made.delivery());
  const std::string body = concentrator.flush(kStart, true, facts);
  EXPECT_TRUE(has(body, "web.request"));
  EXPECT_TRUE(has(body, "heavy"));
  EXPECT_TRUE(has(body, "fetch"));
  EXPECT_FALSE(has(body, "inner"));
  EXPECT_TRUE(has(body, "db.name:orders"));
  EXPECT_TRUE(has(body, "out.host:blocked-ip-address"));
}

TEST_F(Stats, are_limited_to_so_many_resources) {
  for (int i = 0; i < 1'100; ++i) {
    fakes::MadeTrace made;
    auto& span = made.span("web.request", 1);
    const std::string resource = "GET /" + std::to_string(i);
    span.resource = trace::Text(std::string_view(resource));
    concentrator.add(made.delivery());
  }
  const std::string body = concentrator.flush(kStart, true, facts);
  EXPECT_TRUE(has(body, "GET /1023"));
  EXPECT_FALSE(has(body, "GET /1024"));
  EXPECT_TRUE(has(body, "tracer_blocked_value"));
}

TEST_F(Stats, let_go_of_what_is_not_to_be_kept) {
  fakes::MadeTrace made;
  made.span("web.request", 1);
  auto& single = made.span("inner", 2, 1);
  made.delivery().priority = 1;
  concentrator.screen(made.delivery());
  EXPECT_EQ(made.delivery().count, 2u);
  made.delivery().priority = 0;
  trace::Span* const* const all = made.delivery().spans;
  concentrator.screen(made.delivery());
  EXPECT_EQ(made.delivery().count, 0u);

  made.count(single, "_dd.span_sampling.mechanism", 8);
  const auto whole = [&]() -> trace::Delivery& {
    made.delivery().spans = all;
    made.delivery().count = 2;
    return made.delivery();
  };
  concentrator.screen(whole());
  ASSERT_EQ(made.delivery().count, 1u);
  EXPECT_EQ(made.delivery().spans[0], &single);
  single.error = 1;
  concentrator.screen(whole());
  EXPECT_EQ(made.delivery().count, 2u);
}

}  // namespace
}  // namespace dd::stats
