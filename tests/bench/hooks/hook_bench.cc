// What a hook with trivial phases adds to a call: each line is a call without and with it, in one
// run, best of many rounds. Prints; asserts nothing about times.

#include <cstdio>

#include "core/py/hook.h"
#include "tests/core/py/interpreter.h"

namespace dd::py {
namespace {

void enter(Call&, Scope&) {}
void leave(Outcome&, Scope&) {}

constexpr Target kTargets[] = {
    {"timed:function", enter, leave},
    {"timed:C.method", enter, leave},
    {.where = "timed:awaited", .enter = enter, .leave = leave, .kind = Kind::kAwaitable},
    {.where = "timed:items", .enter = enter, .leave = leave, .kind = Kind::kIterator}};

class HookBench : public tests::PythonTest {};

TEST_F(HookBench, call_minus_plain_call) {
  module("timed", R"(
import time
def function(a, b): return a
class C:
    def method(self, a): return a
def empty(n, o):
    for _ in range(n): pass
def functions(n, o):
    f = function
    for _ in range(n): f(1, 2)
def methods(n, o):
    for _ in range(n): o.method(1)
async def awaited(a, b): return a
def awaits(n, o):
    async def run():
        f = awaited
        for _ in range(n): await f(1, 2)
    try: run().send(None)
    except StopIteration: pass
def items(a): yield a
def iterates(n, o):
    f = items
    for _ in range(n):
        for _ in f(1): pass
def measure():
    o, n, out = C(), 20000, []
    for loop in (empty, functions, methods, awaits, iterates):
        best = 1e9
        for _ in range(200):
            t = time.perf_counter_ns()
            loop(n, o)
            best = min(best, time.perf_counter_ns() - t)
        out.append(best / n)
    return [x - out[0] for x in out[1:]]
)");
  run("import timed");
  const Ref plain = eval("timed.measure()");
  Patch patch;
  ASSERT_EQ(patch.apply(kTargets).applied, 4);
  const Ref hooked = eval("timed.measure()");
  patch.remove();
  const char* const kNames[] = {"function", "method", "await", "generator"};
  for (Py_ssize_t i = 0; i < 4; ++i) {
    const double before = plain.item(i).number();
    const double after = hooked.item(i).number();
    std::printf("%-10s plain %6.1f ns  hooked %6.1f ns  added %6.1f ns\n", kNames[i], before, after,
                after - before);
  }
}

}  // namespace
}  // namespace dd::py
