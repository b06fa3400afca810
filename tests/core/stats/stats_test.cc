#include <gtest/gtest.h>

#include <string>

#include "core/stats/concentrator.h"
#include "core/stats/obfuscate.h"
#include "core/stats/quantize.h"
#include "core/stats/sketch.h"
#include "core/stats/sql.h"
#include "core/stats/trace_filter.h"
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
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{1}, INT64_MAX,
                                   std::int64_t{1'000}, std::int64_t{1}})
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

struct Pair {
  const char *name, *text, *expected;
};

TEST(Peers, addresses_are_found_where_they_stand) {
  constexpr Pair kCases[] = {
      {"a list is of each once", "a,10.0.0.1,10.0.0.2,b", "a,blocked-ip-address,b"},
      {"after a scheme", "http://10.0.0.1:80/x", "http://blocked-ip-address:80/x"},
      {"after an unknown scheme", "dns:///10.0.0.1", "dns:///10.0.0.1"},
      {"in the name of a machine", "ip-10-0-0-1.ec2.internal",
       "ip-blocked-ip-address.ec2.internal"},
      {"not inside a name", "host-10.0.0.1", "host-10.0.0.1"},
      {"not a number too large", "999.1.1.1", "999.1.1.1"},
      {"a comma at the end", "1.2.3.4,", "blocked-ip-address,"},
      {"nothing", "", ""},
  };
  for (const Pair& one : kCases) EXPECT_EQ(quantize_peer(one.text), one.expected) << one.name;
}

// As the reference does it: found by running its library over queries made at random.
TEST(Sql, values_are_replaced) {
  constexpr Pair kCases[] = {
      {"numbers and lists", "select * from t where a=12 and b in (1,2, 3)",
       "select * from t where a = ? and b in ( ? )"},
      {"texts, names, comments",
       "SELECT id FROM users u WHERE u.id = 'x\'\'y' AND z = \"Abc\" -- c\n LIMIT 5",
       "SELECT id FROM users u WHERE u.id = ? AND z = ? LIMIT ?"},
      {"rows are one", "insert into t (a,b) values (1,'x'), (2,'y') returning id",
       "insert into t ( a, b ) values ( ? ) returning id"},
      {"rows that differ are not", "values (1),(2, now()),(3)",
       "values ( ? ) ( ? now ( ) ), ( ? )"},
      {"lists that are no rows are not", "x (1), (2)", "x ( ? ) ( ? )"},
      {"aliases go", "SELECT a AS b, count(*) AS \"c\" FROM t", "SELECT a, count ( * ) FROM t"},
      {"a comma after a value goes", "update t set a = 1, b=-5.5e10", "update t set a = ? b = ?"},
      {"placeholders", "select $1, :name, %s, %(n)s, ?", "select ? :name, ?"},
      {"operators", "a->>'x' and b @> c and d::int and e<>1",
       "a ->> ? and b @> c and d :: int and e <> ?"},
      {"quoted names", "select `a`.`b` from [c]", "select a . b from [ c ]"},
      {"dollars", "select $tag$ it's $tag$, $$x", "select ?"},
      {"escapes", "select {d '2020-01-01'}", "select ?"},
      {"a savepoint's name", "savepoint abc; select 1", "savepoint ? select ?"},
      {"a text without an end", "select 'abc", "select ?"},
      {"nothing", "", ""},
  };
  for (const Pair& one : kCases) EXPECT_EQ(obfuscate_sql(one.text), one.expected) << one.name;
}

TEST(Redis, only_commands_are_kept) {
  constexpr Pair kCases[] = {
      {"one", "get k", "GET"},
      {"two", "SET k v\n\nGET k\n", "SET GET"},
      {"three and more", "A\nB\nC\nD", "A B C ..."},
      {"of two words", "config  set requirepass x", "CONFIG SET"},
      {"cut off", "SET k\nGE...", "SET ..."},
      {"nothing", "", ""},
  };
  for (const Pair& one : kCases) EXPECT_EQ(quantize_redis(one.text), one.expected) << one.name;
}

TEST(Filters, look_at_texts_of_the_root) {
  fakes::MadeTrace made;
  trace::Span& root = made.span("web", 1);
  made.tag(root, "team", "shop");
  made.tag(root, "empty", "");
  made.metric(root, "number", 5);
  made.tag(made.span("db", 2, 1), "inner", "x");
  struct Case {
    const char* name;
    FilterLists lists;
    bool drops;
  };
  const Case kCases[] = {
      {"nothing is filtered", {}, false},
      {"a value", {.reject = {"team:shop"}}, true},
      {"another value", {.reject = {"team:sho"}}, false},
      {"blanks around", {.reject = {" team : shop "}}, true},
      {"a key", {.reject = {"empty"}}, true},
      {"a number", {.reject = {"number"}}, false},
      {"a tag of a child", {.reject = {"inner"}}, false},
      {"all that is required", {.require = {"team", "empty"}}, false},
      {"one of two that are required", {.require = {"team", "other"}}, true},
      {"part of a value", {.reject_regex = {"team:h.p"}}, true},
      {"an expression that is none", {.reject_regex = {"team:("}}, false},
      {"a resource", {.ignore_resources = {"(", "^we"}}, true},
  };
  for (const Case& one : kCases)
    EXPECT_EQ(TraceFilter(one.lists).drops(made.delivery()), one.drops) << one.name;
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
  EXPECT_TRUE(concentrator.flush(kStart + 5'000'000'000, false, facts).empty());
  EXPECT_FALSE(concentrator.flush(kStart + 5'000'000'000, true, facts).empty());
  EXPECT_TRUE(concentrator.flush(kStart + 5'000'000'000, true, facts).empty());
  concentrator.add(made.delivery());
  EXPECT_FALSE(concentrator.flush(kStart + 25'000'000'000, false, facts).empty());
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
  const std::string body = concentrator.flush(kStart, true, facts)[0].body;
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
  const std::string body = concentrator.flush(kStart, true, facts)[0].body;
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

struct TidyCase {
  const char *type, *key, *value, *sent;
};
// As the reference sends them to the intake.
constexpr TidyCase kTidied[] = {
    {"sql", "", "select 5", "select ?"},
    {"cassandra", "sql.query", "mine 7", "the resource"},
    {"redis", "", "SET k v\nGET k", "SET GET"},
    {"redis", "redis.raw_command", "ZADD z NX CH 1 a 2 b", "ZADD z NX CH 1 ? 2 ?"},
    {"valkey", "valkey.raw_command", "AUTH a b", "AUTH ?"},
    {"redis", "redis.raw_command", "SADD s a b\nCONFIG SET x y\n\nBITFIELD k SET u8 0 255 GET u4 0",
     "SADD s ?\nCONFIG SET x ?\nBITFIELD k SET u8 0 ? GET u4 0"},
    {"memcached", "memcached.command", "get k", ""},
    {"elasticsearch", "elasticsearch.body", "{\"a\": [1, \"s\"]} 5", "{\"a\":[\"?\",\"?\"]} \"?\""},
    {"opensearch", "opensearch.body", "{\"a\": ", "{\"a\":..."},
    {"mongodb", "mongodb.query", "{\"a\": nothing}", "{\"a\":..."},
    {"mongodb", "mongodb.query", "{\"a\": 1]", "{\"a\":\"?\"..."},
    {"http", "sql.query", "select 5", "select 5"},
    {"", "sql.query", "select 5", "select 5"},
};

TEST(Obfuscation, takes_the_values_of_queries_away) {
  for (const TidyCase& row : kTidied) {
    SCOPED_TRACE(row.value);
    fakes::MadeTrace made;
    trace::Span& span = made.span("the resource", 1);
    span.type = trace::Text(std::string_view(row.type));
    std::string storage;
    EXPECT_EQ(obfuscated(span, row.key, row.value, storage), row.sent);
  }
}

TEST(Obfuscation, gives_queries_their_tag) {
  fakes::MadeTrace made;
  trace::Span& span = made.span("select 5", 1);
  EXPECT_EQ(query_of(span), "");
  span.type = trace::Text(std::string_view("sql"));
  EXPECT_EQ(query_of(span), "select ?");
  made.tag(span, "sql.query", "x");
  EXPECT_EQ(query_of(span), "");
}

}  // namespace
}  // namespace dd::stats
