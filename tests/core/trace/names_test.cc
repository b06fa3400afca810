#include "core/trace/names.h"

#include <gtest/gtest.h>

#include <string>

#include "core/trace/tags.h"
#include "core/trace/tracer.h"

namespace dd::trace {
namespace {

TEST(Names, give_one_number_to_one_text) {
  const Text first = numbered("customer"), again = numbered(std::string("customer"));
  EXPECT_NE(first.number, 0);
  EXPECT_EQ(first.number, again.number);
  EXPECT_EQ(first.data, again.data);
  EXPECT_NE(numbered("customers").number, first.number);
  EXPECT_EQ(numbered("http.url").number, tags::kHttpUrlIndex);
  EXPECT_FALSE(numbered("").present());
  EXPECT_FALSE(numbered(std::string(kLongestName + 1, 'x')).present());
}

TEST(Names, mean_the_same_tag_with_a_number_and_without) {
  Tracer& tracer = Tracer::get();
  Span* const span = tracer.start({.name = "x"});
  const Text plan = numbered("plan");
  span->set_static(Key(plan, Key("plan").fingerprint), numbered("gold"));
  span->set(Key("plan"), "silver");
  EXPECT_EQ(span->attribute_count, 1u);
  span->set(Key(plan, Key("plan").fingerprint), std::int64_t{5});
  EXPECT_EQ(span->attribute_count, 1u);
  double number = 0;
  EXPECT_TRUE(span->number(Key("plan"), number));
  EXPECT_EQ(number, 5);
  const Text env = numbered("env");
  span->set_static(Key(env, Key("env").fingerprint), plan);
  EXPECT_EQ(span->text(tags::kEnvTag), "plan");
  Chunk* const chunk = span->chunk;
  tracer.abandon(span);
  chunk->release();
}

TEST(StaticTags, are_as_if_set_one_by_one) {
  Tracer& tracer = Tracer::get();
  const StaticTag common[] = {{tags::kComponent, Text("sqlite")},
                              {tags::kDbSystem, Text("sqlite")},
                              {tags::kSpanKind, Text("client")}};
  for (const bool known_before : {false, true}) {
    Span* const span = tracer.start({.name = "x"});
    if (known_before) span->set(tags::kDbSystem, "another");
    span->set_static(common);
    span->set(tags::kSpanKind, "server");
    EXPECT_EQ(span->attribute_count, 3u);
    EXPECT_EQ(span->text(tags::kComponent), "sqlite");
    EXPECT_EQ(span->text(tags::kDbSystem), "sqlite");
    EXPECT_EQ(span->text(tags::kSpanKind), "server");
    EXPECT_EQ(span->attributes->key.view(), known_before ? "db.system" : "component");
    span->set(Key("late"), "x");
    EXPECT_EQ(span->text(Key("late")), "x");
    Chunk* const chunk = span->chunk;
    tracer.abandon(span);
    chunk->release();
  }
}

TEST(StaticTags, of_a_statement_are_told_apart_without_a_search) {
  std::uint32_t seen = 0;
  for (const Key& key :
       {tags::kComponent, tags::kSpanKind, tags::kServiceSource, tags::kBaseService,
        tags::kDbSystem, tags::kDbRowCount, tags::kOutHost, tags::kServerAddress,
        tags::kDestinationPort, tags::kPeerService, tags::kOrigin}) {
    const std::uint32_t bit = 1u << (key.fingerprint & 31);
    EXPECT_FALSE(seen & bit) << key.text;
    seen |= bit;
  }
}

// The last of this program: it fills the table.
TEST(NamesAtTheEnd, have_room_for_a_limited_number) {
  int known = 0;
  for (int i = 0; i < 10'000; ++i) known += numbered("name " + std::to_string(i)).present();
  EXPECT_GT(known, 500);
  EXPECT_LT(known, kMostNames);
  EXPECT_TRUE(numbered("name 0").present());
  EXPECT_FALSE(numbered("name 9999").present());
}

}  // namespace
}  // namespace dd::trace
