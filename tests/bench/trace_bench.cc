// Spans without Python: starting, tagging and finishing, delivered to a sink that drops or encodes
// them.

#include <benchmark/benchmark.h>

#include <memory>

#include "core/encoding/encoder.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"

namespace dd::trace {
namespace {

const ProcessFacts& process_facts() {
  static const ProcessFacts& made = [&]() -> const ProcessFacts& {
    static ProcessFacts facts;
    facts.service = "shop";
    facts.env = "prod";
    facts.version = "1";
    return facts;
  }();
  return made;
}

class Encode : public Sink {
 public:
  void accept(Delivery* delivery) override {
    if (encoder && !encoder->add(*delivery, 4 << 20)) {
      encoder->take(out);
      (void)encoder->add(*delivery, 4 << 20);
    }
    Delivery::drop(delivery);
  }
  std::unique_ptr<encoding::TraceEncoder> encoder;
  encoding::Buffer out;
};

Encode& sink() {
  static Encode& made = *new Encode;
  return made;
}

Tracer& tracer() {
  static Tracer& made = [&]() -> Tracer& {
    Tracer& t = Tracer::get();
    t.set_facts(process_facts());
    t.add_sink(&sink());
    return t;
  }();
  return made;
}

// Tags, and the version of the encoding or 0.
void root(benchmark::State& state) {
  Tracer& t = tracer();
  sink().encoder = state.range(1) == 4   ? encoding::make_v04(process_facts)
                   : state.range(1) == 5 ? encoding::make_v05(process_facts)
                                         : nullptr;
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
BENCHMARK(root)->Args({0, 0})->Args({5, 0})->Args({5, 4})->Args({5, 5});

void child(benchmark::State& state) {
  Tracer& t = tracer();
  sink().encoder = nullptr;
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
