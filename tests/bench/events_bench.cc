// What an event costs that nobody hears, and one that somebody does.

#include <benchmark/benchmark.h>

#include <string_view>

#include "core/events/event.h"

namespace dd::events {
namespace {

struct Unheard {
  std::string_view text;
};
struct Heard {
  std::string_view text;
};
struct Listening {
  void hear(Heard& event) { bytes += event.text.size(); }
  std::size_t bytes = 0;
};

void nothing(benchmark::State& state) {
  for (auto _ : state) benchmark::ClobberMemory();
}
BENCHMARK(nothing);

void unheard(benchmark::State& state) {
  for (auto _ : state) {
    emit<Unheard>([] { return Unheard{"select 1"}; });
    benchmark::ClobberMemory();
  }
}
BENCHMARK(unheard);

void heard_by_one(benchmark::State& state) {
  static Listening listening;
  subscribe<Heard, &Listening::hear>(&listening);
  for (auto _ : state) {
    emit<Heard>([] { return Heard{"select 1"}; });
    benchmark::ClobberMemory();
  }
}
BENCHMARK(heard_by_one);

}  // namespace
}  // namespace dd::events

BENCHMARK_MAIN();
