#include "tests/core/tracing/tracing_test.h"

namespace dd::tests {
namespace {

class Activation : public TracingTest {};

TEST_F(Activation, nests_and_ends) {
  run("with tracer.trace('a') as a:\n  with tracer.trace('b') as b:\n"
      "    inner = tracer.current_span() is b, tracer.current_root_span() is a\n"
      "  after = tracer.current_span() is a");
  EXPECT_EQ(show("inner, after, tracer.current_span(), b.parent_id == a.span_id"),
            "((True, True), True, None, True)");
  EXPECT_EQ(sink.sizes, std::vector<int>{2});
}

TEST_F(Activation, stays_at_a_child_that_outlives_its_parent) {
  run("a = tracer.trace('a')\nb = tracer.trace('b')\na.finish()");
  EXPECT_TRUE(is_true("tracer.current_span() is b"));
  run("b.finish()");
  EXPECT_EQ(show("tracer.current_span()"), "None");
}

TEST_F(Activation, follows_tasks_and_not_threads) {
  run(R"(
import asyncio, threading
async def child(n):
    with tracer.trace("child") as s:
        await asyncio.sleep(0)
        return s._parent is top and tracer.current_span() is s
async def main():
    return await asyncio.gather(*[child(n) for n in range(5)])
with tracer.trace("top") as top:
    results = asyncio.run(main())
    found = []
    t = threading.Thread(target=lambda: found.append(tracer.current_span()))
    t.start(); t.join()
)");
  EXPECT_EQ(show("all(results), found"), "(True, [None])");
  EXPECT_EQ(sink.sizes, std::vector<int>{6});
}

// The variable is written in place where one context alone has the map.
TEST_F(Activation, leaves_copies_of_the_context_alone) {
  run(R"(
import contextvars
a, b = tracer.start_span('a'), tracer.start_span('b')
tracer._activate(a)
copy = contextvars.copy_context()
tracer._activate(b)
tracer._activate(b)
kept = copy.run(tracer.current_span) is a, tracer.current_span() is b
copy.run(tracer._activate, None)
copy.run(tracer._activate, b)
items = dict(copy)
copy.run(tracer._activate, a)
after = copy.run(tracer.current_span) is a, tracer.current_span() is b, b in items.values()
others = [contextvars.ContextVar(str(i)) for i in range(40)]
tokens = [v.set(i) for i, v in enumerate(others)]
tracer._activate(a)
many = tracer.current_span() is a, [v.get() for v in others] == list(range(40))
for v, token in zip(others, tokens): v.reset(token)
tracer._activate(None)
a.finish(), b.finish()
)");
  EXPECT_EQ(show("kept, after, many, tracer.current_span()"),
            "((True, True), (True, True, True), (True, True), None)");
  steady("with tracer.trace('r'): contextvars.copy_context()");
}

TEST_F(Activation, continues_a_remote_context) {
  run("c = Context(trace_id=2**70 + 5, span_id=7, sampling_priority=2, dd_origin='rum',\n"
      "            meta={'_dd.p.usr': 'u', '_dd.p.dm': '-4'})\n"
      "with tracer.start_span('x', child_of=c) as s: pass");
  EXPECT_TRUE(is_true("s.trace_id == 2**70 + 5 and s.parent_id == 7 and s._parent is None"));
  EXPECT_EQ(show("s.get_tag('_dd.p.usr'), s.context.sampling_priority, s.context.dd_origin"),
            "('u', 2, 'rum')");
}

TEST_F(Activation, shares_a_trace_by_reference) {
  run("with tracer.trace('a') as a:\n  with tracer.trace('b') as b:\n"
      "    b.context.sampling_priority = 2\n    b.context.set_baggage_item('k', 'v')");
  EXPECT_EQ(show("a.context.sampling_priority, a.context.get_baggage_item('k')"), "(2, 'v')");
}

TEST_F(Activation, pickles_and_compares_contexts) {
  for (const char* name : {"ddtrace", "ddtrace._trace", "ddtrace._trace.context"}) module(name, "");
  run("import pickle, sys\nsys.modules['ddtrace._trace.context'].Context = Context\n"
      "c = Context(5, 6, 'o', 1, {'a': 'b'}, None, None, {'x': 'y'})\n"
      "d = pickle.loads(pickle.dumps(c))");
  EXPECT_EQ(show("c == d, c == Context(5, 7), hash(c), d.get_all_baggage_items()"),
            "(True, False, 5, {'x': 'y'})");
}

TEST_F(Activation, leaks_no_contexts) {
  steady(
      "c = Context(5, 6, 'o', 1, {'a': 'b'}, {'m': 2.0}, None, {'x': 'y'})\n"
      "s = tracer.start_span('x', child_of=c, activate=True)\nrepr(c), repr(s), s.context._meta\n"
      "s.finish()\ndel s, c");
}

}  // namespace
}  // namespace dd::tests
