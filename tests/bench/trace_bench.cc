// Spans without Python: starting, tagging and finishing, delivered to a sink that drops.

#include <benchmark/benchmark.h>

#include "core/trace/tags.h"
#include "core/trace/tracer.h"

namespace dd::trace {
namespace {

class Drop : public Sink {
 public:
  void accept(Delivery* delivery) override { Delivery::drop(delivery); }
};

Tracer& tracer() {
  static Tracer& made = [&]() -> Tracer& {
    Tracer& t = Tracer::get();
    ProcessFacts facts;
    facts.service = "shop";
    facts.env = "prod";
    facts.version = "1";
    t.set_facts(facts);
    t.add_sink(new Drop);
    return t;
  }();
  return made;
}

void root(benchmark::State& state) {
  Tracer& t = tracer();
  for (auto _ : state) {
    Span* span = t.start({.name = "web.request"});
    if (state.range(0)) {
      span->set(tags::kHttpMethod, "GET");
      span->set(tags::kHttpUrl, "http://localhost:8080/items/17");
      span->set(tags::kHttpStatusCode, "200");
      span->set(Key("user"), "somebody");
      span->set(Key("count"), std::int64_t{3});
    }
    Chunk* chunk = span->chunk;
    t.finish(span);
    chunk->release();
  }
}
BENCHMARK(root)->Arg(0)->Arg(5);

void child(benchmark::State& state) {
  Tracer& t = tracer();
  Span* parent = t.start({.name = "root"});
  for (auto _ : state) {
    Span* span = t.start({.name = "child", .parent = parent});
    Chunk* chunk = span->chunk;
    t.finish(span);
    chunk->release();
  }
  t.finish(parent);
  parent->chunk->release();
}
BENCHMARK(child);

}  // namespace
}  // namespace dd::trace

BENCHMARK_MAIN();
