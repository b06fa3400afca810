#include "core/trace/tracer.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "core/trace/link.h"
#include "core/trace/tags.h"

namespace dd::trace {
namespace {

// Keeps what it is given.
class Kept : public Sink {
 public:
  void accept(Delivery* delivery) override { all.push_back(delivery); }
  void drop() {
    for (Delivery* delivery : all) Delivery::drop(delivery);
    all.clear();
  }
  std::vector<Delivery*> all;
};

class TracerTest : public testing::Test {
 protected:
  void SetUp() override {
    ProcessFacts facts;
    facts.service = "shop";
    facts.env = "prod";
    facts.version = "1.2";
    tracer.set_facts(facts);
    tracer.set_hooks({});
    tracer.set_enabled(true);
    tracer.add_sink(&sink);
  }
  void TearDown() override {
    sink.drop();
    tracer.remove_sinks();
    for (Chunk* chunk : mine) chunk->release();
  }
  Span* start(const StartOptions& options) {
    Span* span = tracer.start(options);
    mine.push_back(span->chunk);
    return span;
  }
  Tracer& tracer = Tracer::get();
  Kept sink;
  std::vector<Chunk*> mine;
};

TEST_F(TracerTest, delivers_a_trace_when_its_last_span_finishes) {
  Span* root = start({.name = "web"});
  Span* child = start({.name = "query", .parent = root});
  EXPECT_EQ(child->parent_id, root->id);
  EXPECT_EQ(child->segment, root->segment);
  tracer.finish(child);
  EXPECT_TRUE(sink.all.empty());
  tracer.finish(root);
  ASSERT_EQ(sink.all.size(), 1u);
  ASSERT_EQ(sink.all[0]->count, 2u);
  EXPECT_EQ(sink.all[0]->spans[0], root);
  EXPECT_TRUE(root->sealed());
  EXPECT_TRUE(root->has(kLocalRoot));
  EXPECT_TRUE(root->has(kTopLevel));
  EXPECT_FALSE(child->has(kTopLevel));
  EXPECT_EQ(root->text(tags::kLanguage), "python");
  EXPECT_EQ(root->text(tags::kTraceIdHigh).size(), 16u);
  EXPECT_EQ(root->text(Key("env")), "prod");
  EXPECT_EQ(root->text(tags::kVersionTag), "1.2");
}

TEST_F(TracerTest, a_sealed_span_is_not_written_but_its_thawed_copy_is) {
  Span* root = start({.name = "web"});
  root->set(Key("a"), "1");
  Link* link = add_link(*root, {.high = 0, .low = 7}, 8, "dd=s:1", 1);
  set_link_attribute(*root, *link, "k", "v");
  tracer.finish(root);
  root->set(Key("a"), "2");
  EXPECT_EQ(root->text(Key("a")), "1");
  Span* copy = tracer.thaw(*root);
  mine.push_back(copy->chunk);
  copy->set(Key("a"), "2");
  EXPECT_EQ(copy->text(Key("a")), "2");
  EXPECT_EQ(root->text(Key("a")), "1");
  EXPECT_EQ(copy->links()->attributes->value.view(), "v");
  tracer.finish(copy);
  EXPECT_EQ(sink.all.size(), 1u);
}

TEST_F(TracerTest, another_service_makes_top_level_and_names_the_base) {
  Span* root = start({.name = "web"});
  Span* child = start({.name = "get", .service = "redis", .parent = root});
  Span* below = start({.name = "sub", .parent = child});
  tracer.finish(below);
  tracer.finish(child);
  tracer.finish(root);
  EXPECT_TRUE(child->has(kTopLevel));
  EXPECT_FALSE(below->has(kTopLevel));
  EXPECT_EQ(below->service.view(), "redis");
  EXPECT_EQ(child->text(tags::kBaseService), "shop");
  EXPECT_EQ(child->text(tags::kServiceSource), "m");
  EXPECT_EQ(below->text(tags::kServiceSource), "m");
  EXPECT_EQ(root->text(tags::kBaseService), "");
  EXPECT_FALSE(child->has(kVersion));
}

TEST_F(TracerTest, flushes_a_part_of_a_long_trace) {
  ProcessFacts facts = tracer.facts();
  facts.partial_flush_min = 3;
  tracer.set_facts(facts);
  Span* root = start({.name = "web"});
  for (int i = 0; i < 7; ++i) tracer.finish(start({.name = "step", .parent = root}));
  ASSERT_EQ(sink.all.size(), 2u);
  EXPECT_EQ(sink.all[0]->count, 3u);
  double flushed = 0;
  EXPECT_TRUE(sink.all[0]->spans[0]->number(tags::kPartialFlush, flushed));
  EXPECT_EQ(flushed, 3);
  EXPECT_EQ(sink.all[0]->spans[0]->text(tags::kLanguage), "python");
  tracer.finish(root);
  ASSERT_EQ(sink.all.size(), 3u);
  EXPECT_EQ(sink.all[2]->count, 2u);
  EXPECT_FALSE(root->number(tags::kPartialFlush, flushed));
}

TEST_F(TracerTest, continues_a_remote_trace_with_its_propagated_tags) {
  Shared<Segment> remote = Segment::make({.high = 0, .low = 42});
  set_entry(remote->meta(), "_dd.p.x", "y");
  set_entry(remote->meta(), "_dd.p.dm", "-3");
  remote->priority = 2;
  remote->origin = "synthetics";
  Span* root = start({.name = "web", .segment = remote.get(), .parent_id = 7});
  EXPECT_EQ(root->parent_id, 7u);
  EXPECT_EQ(root->text(Key("_dd.p.x")), "y");
  EXPECT_EQ(root->text(tags::kDecisionMaker), "");
  EXPECT_TRUE(root->has(kLocalRoot));
  tracer.finish(root);
  ASSERT_EQ(sink.all.size(), 1u);
  EXPECT_EQ(sink.all[0]->trace_id.low, 42u);
  EXPECT_EQ(sink.all[0]->origin.view(), "synthetics");
  EXPECT_EQ(root->text(tags::kDecisionMaker), "-3");
  double priority = 0;
  EXPECT_TRUE(root->number(tags::kSamplingPriority, priority));
  EXPECT_EQ(priority, 2);
}

TEST_F(TracerTest, every_span_is_accounted_for) {
  const Counts before = tracer.counts();
  Span* root = start({.name = "a"});
  Span* lost = start({.name = "b", .parent = root});
  tracer.finish(root);
  tracer.abandon(lost);
  tracer.set_enabled(false);
  tracer.finish(start({.name = "c"}));
  tracer.set_enabled(true);
  Span* open = start({.name = "d"});
  const Counts now = tracer.counts();
  EXPECT_EQ(now.spans_created - before.spans_created, 4u);
  EXPECT_EQ(now.spans_delivered - before.spans_delivered, 1u);
  EXPECT_EQ(now.spans_dropped_unsent - before.spans_dropped_unsent, 1u);
  EXPECT_EQ(now.spans_abandoned - before.spans_abandoned, 1u);
  tracer.abandon(open);
}

TEST_F(TracerTest, finishing_twice_counts_once) {
  Span* root = start({.name = "a"});
  tracer.finish(root, root->start_ns + 5);
  tracer.finish(root, root->start_ns + 9);
  EXPECT_EQ(root->duration_ns, 5);
  EXPECT_EQ(sink.all.size(), 1u);
}

TEST_F(TracerTest, a_span_lives_as_long_as_its_holder) {
  Span* span = tracer.start({.name = "kept"});
  tracer.finish(span);
  sink.drop();
  EXPECT_EQ(span->name.view(), "kept");
  span->chunk->release();
}

TEST_F(TracerTest, sinks_each_get_their_own_delivery) {
  Kept second;
  tracer.add_sink(&second);
  Span* root = start({.name = "a"});
  tracer.finish(root);
  ASSERT_EQ(second.all.size(), 1u);
  ASSERT_EQ(sink.all.size(), 1u);
  EXPECT_NE(second.all[0], sink.all[0]);
  sink.drop();
  EXPECT_EQ(second.all[0]->spans[0]->name.view(), "a");
  second.drop();
}

TEST_F(TracerTest, many_threads_finish_spans_of_one_trace) {
  Span* root = start({.name = "root"});
  std::vector<std::thread> threads;
  base::Mutex gil;  // spans of one trace are written under the interpreter's lock
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 250; ++i) {
        const base::MutexLock lock(gil);
        Span* span = tracer.start({.name = "part", .parent = root});
        span->set(Key("n"), std::int64_t{i});
        tracer.finish(span);
        span->chunk->release();
      }
    });
  for (std::thread& thread : threads) thread.join();
  tracer.finish(root);
  std::size_t total = 0;
  for (Delivery* delivery : sink.all) total += delivery->count;
  EXPECT_EQ(total, 1001u);
}

TEST_F(TracerTest, a_forked_child_never_sends_spans_of_its_parent) {
  Span* root = start({.name = "a"});
  const std::string runtime_id = tracer.facts().runtime_id;
  const pid_t pid = fork();
  if (pid == 0) {
    bool good = tracer.facts().runtime_id != runtime_id && tracer.facts().pid == getpid();
    Span* child = tracer.start({.name = "in child", .parent = root});
    good = good && child->parent_id == root->id && child->has(kLocalRoot) &&
           child->segment->trace_id == root->segment->trace_id && child->parent == nullptr;
    tracer.finish(child);
    good = good && sink.all.size() == 1 && sink.all[0]->count == 1;
    tracer.finish(root);
    good = good && sink.all.size() == 1 && tracer.counts().spans_created == 1;
    _exit(good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  tracer.finish(root);
  EXPECT_EQ(sink.all.size(), 1u);
}

TEST_F(TracerTest, peer_service_is_computed_and_renamed) {
  ProcessFacts facts = tracer.facts();
  facts.peer_service_defaults = true;
  facts.peer_service_mapping = {{"db1", "orders"}};
  tracer.set_facts(facts);
  Span* root = start({.name = "query"});
  root->set(tags::kSpanKind, "client");
  root->set(Key("db.name"), "db1");
  tracer.finish(root);
  EXPECT_EQ(root->text(tags::kPeerService), "orders");
  EXPECT_EQ(root->text(tags::kPeerServiceSource), "db.name");
  EXPECT_EQ(root->text(tags::kPeerServiceRemapped), "db1");
}

TEST_F(TracerTest, tags_replace_each_other_in_place) {
  Span* span = start({.name = "a"});
  span->set(Key("k"), "a long first value");
  const std::size_t bytes = span->chunk->arena.bytes();
  for (int i = 0; i < 10000; ++i) {
    span->set(Key("k"), i % 2 ? "short" : "a long value");
    span->set(Key("n"), std::int64_t{i});
  }
  EXPECT_EQ(span->chunk->arena.bytes(), bytes);
  span->set(Key("k"), std::int64_t{3});
  EXPECT_EQ(span->text(Key("k")), "");
  double value = 0;
  EXPECT_TRUE(span->number(Key("k"), value));
  EXPECT_EQ(value, 3);
  EXPECT_EQ(span->attribute_count, 2u);
  span->remove(Key("k"));
  EXPECT_FALSE(span->has(Key("k")));
  tracer.abandon(span);
}

TEST_F(TracerTest, ten_thousand_tags_are_found_again) {
  Span* span = start({.name = "a"});
  for (int i = 0; i < 10000; ++i) span->set(Key("key" + std::to_string(i)), std::int64_t{i});
  for (int i = 0; i < 10000; i += 97) {
    double value = 0;
    ASSERT_TRUE(span->number(Key("key" + std::to_string(i)), value));
    EXPECT_EQ(value, i);
  }
  EXPECT_EQ(span->attribute_count, 10000u);
  tracer.abandon(span);
}

TEST_F(TracerTest, names_set_after_others_were_removed_are_found_again) {
  Span* span = start({.name = "a"});
  for (int i = 0; i < 40; ++i) span->set(Key("key" + std::to_string(i)), std::int64_t{i});
  for (int i = 0; i < 20; ++i) span->remove(Key("key" + std::to_string(i)));
  for (const std::int64_t value : {1, 2}) span->set(Key("late"), value);
  double value = 0;
  EXPECT_TRUE(span->number(Key("late"), value));
  EXPECT_EQ(value, 2);
  EXPECT_EQ(span->attribute_count, 21u);
  tracer.abandon(span);
}

TEST_F(TracerTest, a_hundred_thousand_tags_are_found_again) {
  Span* span = start({.name = "a"});
  for (int i = 0; i < 100'000; ++i) span->set(Key("key" + std::to_string(i)), std::int64_t{i});
  span->set(Key("key99999"), std::int64_t{-1});
  double value = 0;
  EXPECT_TRUE(span->number(Key("key99999"), value));
  EXPECT_EQ(value, -1);
  EXPECT_TRUE(span->number(Key("key70000"), value));
  std::uint32_t count = 0;
  for (const Attribute* at = span->attributes; at; at = at->next) ++count;
  EXPECT_EQ(count, 100'000u);
  tracer.abandon(span);
}

TEST_F(TracerTest, a_carried_fact_can_be_changed_and_removed) {
  Span* span = start({.name = "a"});
  EXPECT_TRUE(span->has(tags::kEnvTag));
  span->set(Key("env"), "a much longer environment");
  EXPECT_EQ(span->text(tags::kEnvTag), "a much longer environment");
  EXPECT_EQ(span->attribute_count, 1u);
  span->remove(Key("version"));
  EXPECT_FALSE(span->has(tags::kVersionTag));
  span->materialize();
  EXPECT_EQ(span->text(tags::kRuntimeId), tracer.facts().runtime_id);
  tracer.abandon(span);
}

}  // namespace
}  // namespace dd::trace
