// Results that are followed by an object in their place: iterables, awaitables, asynchronous
// iterators and context managers of other makes than CPython's own.

#include "core/py/fault.h"
#include "core/py/hook.h"
#include "tests/core/py/interpreter.h"

namespace dd::py {
namespace {

int begun = 0;
std::string seen;

struct State {
  int number;
};
void enter(Call&, Scope& scope) { scope.emplace<State>(1); }
void on_begin(Scope&) { ++begun; }
void on_item(Handle item, Scope&) { seen += item.display() + ","; }
void on_end(Outcome& outcome, Scope& scope) {
  if (scope.get<State>() == nullptr) seen += "no state ";
  seen += outcome.abandoned() ? std::string("abandoned")
          : outcome.error     ? "raised " + outcome.error.display()
                              : "= " + outcome.result.display();
  seen += ";";
}
constexpr Watch kWatch{on_item, on_end, on_begin};
void follow_any(Outcome& outcome, Scope& scope) {
  for (const Kind kind :
       {Kind::kContextManager, Kind::kAsyncIterator, Kind::kAwaitable, Kind::kIterator})
    if (outcome.follow(kind, kWatch, scope)) return;
  on_end(outcome, scope);
}
void replaces(Outcome& outcome, Scope&) { outcome.replace(str("ours")); }

constexpr const char* kModule = R"(
import asyncio, contextlib, collections.abc
log = []
def give(what): return what
class Body:
    def __init__(self, *items): self.items, self.closed = list(items), 0
    def __iter__(self): return iter(self.items)
    def __len__(self): return len(self.items)
    def __add__(self, other): return self.items + other
    def __eq__(self, other): return isinstance(other, Body) and self.items == other.items
    def close(self): self.closed += 1; return 'closed'
class Counter:
    def __init__(self, n, error=None): self.n, self.error = n, error
    def __iter__(self): return self
    def __next__(self):
        if self.n == 0: raise self.error or StopIteration
        self.n -= 1
        return self.n
class Later:
    def __init__(self, value): self.value = value
    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        if isinstance(self.value, Exception): raise self.value
        return self.value
class Stream:
    def __init__(self, n, error=None): self.n, self.error = n, error
    def __aiter__(self): return self
    async def __anext__(self):
        await asyncio.sleep(0)
        if self.n == 0: raise self.error or StopAsyncIteration
        self.n -= 1
        return self.n
    async def aclose(self): log.append('aclose')
class Block:
    def __init__(self, swallow=False): self.swallow = swallow
    def __enter__(self): log.append('enter'); return self
    def __exit__(self, *args): log.append(args[0]); return self.swallow
class AsyncBlock:
    async def __aenter__(self): await asyncio.sleep(0); return self
    async def __aexit__(self, *args): await asyncio.sleep(0); log.append(args[0]); return False
@contextlib.contextmanager
def manager():
    try: yield 'value'
    finally: log.append('exit')
@contextlib.asynccontextmanager
async def async_manager():
    await asyncio.sleep(0)
    try: yield 'value'
    finally: log.append('aexit')
)";

constexpr Target kTargets[] = {{"m:give", enter, follow_any}};

class StandIns : public tests::PythonTest {
 protected:
  void SetUp() override {
    module("m", kModule);
    run("import m, asyncio, collections.abc, contextlib, copy, operator, gc\nfrom m import *");
  }
  void TearDown() override {
    patch.remove();
    PythonTest::TearDown();
  }
  void same(const std::string& body) {
    std::string code = "async def main():\n  give = m.give\n";
    std::size_t at = 0;
    while (at < body.size()) {
      const std::size_t line = body.find('\n', at);
      code += "  " + body.substr(at, line - at) + "\n";
      if (line == std::string::npos) break;
      at = line + 1;
    }
    run(code);
    patch.remove();
    run("m.log.clear(); plain = asyncio.run(main()), list(m.log)");
    ASSERT_EQ(patch.apply(kTargets).applied, 1);
    begun = 0;
    seen.clear();
    run("m.log.clear(); hooked = asyncio.run(main()), list(m.log)");
    EXPECT_EQ(show("plain"), show("hooked")) << body;
  }
  Patch patch;
};

TEST_F(StandIns, an_iterable) {
  same("return list(give(Body(1, 2)))");
  EXPECT_EQ(seen, "1,2,= None;");
  EXPECT_EQ(begun, 1);
  same(
      "b = give(Body(1, 2))\n"
      "out = [len(b), b + [3], b == b, b == Body(1, 2), Body(1, 2) == b, b != 5, bool(b),\n"
      "       isinstance(b, Body), b.__class__, type(b).__name__, b.items, 'close' in dir(b), "
      "repr(b)[:8],\n"
      "       hasattr(b, '__next__'), isinstance(b, collections.abc.Iterator), 2 in b]\n"
      "b.extra = 1\n"
      "try: hash(b)\n"
      "except TypeError as e: out.append(e.args)\n"
      "try: b[0]\n"
      "except TypeError as e: out.append(e.args)\n"
      "try: b()\n"
      "except TypeError as e: out.append(e.args)\n"
      "for x in b: break\n"
      "return out, b.close(), b.closed, b.extra, copy.copy(b).items");
  EXPECT_EQ(seen.substr(0, 4), "1,2,");
  same("return list(give(Counter(2)))");
  EXPECT_EQ(seen, "1,0,= None;");
  same(
      "try: return list(give(Counter(1, KeyError('k'))))\n"
      "except KeyError as e: return repr(e), e.__context__");
  EXPECT_EQ(seen, "0,raised 'k';");
  same("c = give(Counter(1)); return iter(c) is c, next(c), next(c, 'end'), next(c, 'end')");
  EXPECT_EQ(seen, "0,= None;");
  same(
      "x = give([1, 2, 3]); x.append(4); x[0] = 9; del x[1]\n"
      "return x, x[-1], x * 2, [0] + [*x], sorted(x), list(reversed(x)), len(x)");
  same("x = give({'a': 1}); x['b'] = 2; return dict(x), list(x), 'a' in x, x | {'c': 3}");
  same("return give(Body(5)) and 1");
  EXPECT_EQ(seen, "abandoned;");
  same("return give(5), give(None)");
  EXPECT_EQ(seen, "= 5;= None;");
}

TEST_F(StandIns, an_awaitable) {
  same("return await give(Later(5))");
  EXPECT_EQ(seen, "= 5;");
  EXPECT_EQ(begun, 1);
  same("return await asyncio.gather(give(Later(5)), asyncio.ensure_future(give(Later(6))))");
  EXPECT_EQ(seen.size(), 8u);
  same(
      "e = ValueError('v')\n"
      "try: await give(Later(e))\n"
      "except ValueError as x: return x is e, x.__context__");
  EXPECT_EQ(seen, "raised v;");
  same(
      "t = asyncio.ensure_future(give(Later(1))); await asyncio.sleep(0); t.cancel()\n"
      "try: await t\n"
      "except asyncio.CancelledError: return 1");
  EXPECT_EQ(seen, "raised ;");
  same("l = give(Later(5)); return l.value, isinstance(l, Later), asyncio.isfuture(l)");
  EXPECT_EQ(seen, "abandoned;");
}

TEST_F(StandIns, a_future_stays_itself) {
  same(
      "f = asyncio.get_running_loop().create_future()\n"
      "g = give(f)\n"
      "asyncio.get_running_loop().call_soon(f.set_result, 7)\n"
      "out = g is f, await g\n"
      "await asyncio.sleep(0)\n"
      "return out");
  EXPECT_EQ(seen, "= 7;");
  same(
      "t = give(asyncio.ensure_future(asyncio.sleep(10))); t.cancel()\n"
      "try: await t\n"
      "except asyncio.CancelledError: return type(t)");
  EXPECT_EQ(seen, "raised ;");
  same(
      "f = give(asyncio.get_running_loop().create_future()); f.set_exception(KeyError('k'))\n"
      "await asyncio.sleep(0)\n"
      "return repr(f.exception())");
  EXPECT_EQ(seen, "raised 'k';");
}

TEST_F(StandIns, an_async_iterator) {
  same("return [x async for x in give(Stream(2))]");
  EXPECT_EQ(seen, "1,0,= None;");
  EXPECT_EQ(begun, 1);
  same(
      "try: return [x async for x in give(Stream(1, KeyError('k')))]\n"
      "except KeyError as e: return repr(e), e.__context__");
  EXPECT_EQ(seen, "0,raised 'k';");
  same(
      "s = give(Stream(3))\n"
      "async for x in s: break\n"
      "out = x, await anext(s), s.__aiter__() is s, isinstance(s, Stream), s.n\n"
      "await s.aclose()\n"
      "return out");
  EXPECT_EQ(seen, "2,1,abandoned;");
  same(
      "async def use():\n"
      "  async for x in give(Stream(3)): await asyncio.sleep(10)\n"
      "t = asyncio.create_task(use())\n"
      "for i in range(4): await asyncio.sleep(0)\n"
      "t.cancel()\n"
      "try: await t\n"
      "except asyncio.CancelledError: return 1");
}

TEST_F(StandIns, a_block) {
  same(
      "b = give(Block())\n"
      "with b as inside: out = inside is b, isinstance(inside, Block)\n"
      "return out");
  EXPECT_EQ(seen.substr(seen.size() - 7), "= None;");
  EXPECT_EQ(begun, 1);
  same(
      "try:\n"
      "  with give(Block()): raise KeyError('k')\n"
      "except KeyError as e: return repr(e), e.__context__");
  EXPECT_NE(seen.find("raised 'k';"), std::string::npos);
  same("with give(Block(swallow=True)): raise KeyError('k')\nreturn 1");
  EXPECT_NE(seen.find("raised 'k';"), std::string::npos);
  same("with give(manager()) as v: out = v\nreturn out");
  EXPECT_EQ(seen, "value,= None;");
  same(
      "try:\n"
      "  with give(manager()): raise KeyError('k')\n"
      "except KeyError as e: return repr(e), e.__context__");
  EXPECT_EQ(seen, "value,raised 'k';");
  same("with contextlib.ExitStack() as s: return s.enter_context(give(manager()))");
  EXPECT_EQ(seen, "value,= None;");
  same("def f(): return 3\nreturn give(manager())(f)()");  // as a decorator
  EXPECT_EQ(seen, "abandoned;");
  same(
      "out = []\n"
      "try:\n"
      "  with give(AsyncBlock()): pass\n"
      "except (TypeError, AttributeError) as e: out.append(type(e))\n"
      "return out");
}

TEST_F(StandIns, an_async_block) {
  same(
      "b = give(AsyncBlock())\n"
      "async with b as inside: out = inside is b\n"
      "return out");
  EXPECT_EQ(seen.substr(seen.size() - 7), "= None;");
  EXPECT_EQ(begun, 1);
  same("async with give(async_manager()) as v: return v");
  EXPECT_EQ(seen, "value,= None;");
  same(
      "try:\n"
      "  async with give(async_manager()): raise KeyError('k')\n"
      "except KeyError as e: return repr(e), e.__context__");
  EXPECT_EQ(seen, "value,raised 'k';");
  same(
      "async with contextlib.AsyncExitStack() as s:\n"
      "  return await s.enter_async_context(give(async_manager()))");
  EXPECT_EQ(seen, "value,= None;");
}

TEST_F(StandIns, hooks_share_one) {
  static constexpr Target kOurs[] = {
      {.where = "m:give", .leave = replaces, .kind = Kind::kAwaitable}};
  Patch second;
  ASSERT_EQ(second.apply(kOurs).applied, 1);
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  seen.clear();
  run("async def main(): return await m.give(Later(1))");
  EXPECT_EQ(show("asyncio.run(main())"), "ours");
  EXPECT_EQ(seen, "= ours;");
  patch.remove();
  second.remove();
}

TEST_F(StandIns, a_fault_at_each_step_changes_neither_result_nor_exception) {
  run(R"(
arg = object(); error = KeyError('e')
async def main():
  give = m.give
  assert list(give(Body(arg)))[0] is arg
  try: list(give(Counter(1, error)))
  except KeyError as e: assert e is error and e.__context__ is None
  else: assert False
  assert await give(Later(arg)) is arg
  assert [x async for x in give(Stream(2))] == [1, 0]
  with give(manager()) as v: assert v == 'value'
  try:
    async with give(async_manager()): raise error
  except KeyError as e: assert e is error and e.__context__ is None
  else: assert False
loop = asyncio.new_event_loop()
)");
  int steps = 0;
  for (const Fault fault : {Fault::kThrow, Fault::kOutOfMemory, Fault::kPythonError}) {
    for (int at = 0; at <= steps; ++at) {
      Patch one;
      ASSERT_EQ(one.apply(kTargets).applied, 1);
      FaultPlan plan{.fault = fault, .at = at};
      arm(&plan);
      run("loop.run_until_complete(main())");
      arm(nullptr);
      steps = std::max(steps, plan.seen);
      EXPECT_EQ(PyErr_Occurred(), nullptr);
      one.remove();
    }
  }
  run("loop.close()");
#ifdef DD_CHECKS
  EXPECT_GT(steps, 40);
#endif
}

TEST_F(StandIns, keep_no_references) {
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  run(R"(
arg = object(); error = KeyError('e')
loop = asyncio.new_event_loop()
async def main():
  give = m.give
  list(give(Body(arg)))
  await give(Later(arg))
  async for x in give(Stream(2)): pass
  with give(manager()): pass
  try:
    async with give(async_manager()): raise error
  except KeyError: error.__traceback__ = None
  give(Block()); give(Counter(3)).__next__()
  m.log.clear()
)");
  steady("loop.run_until_complete(main())", 3000, {"arg", "error"});
  run("loop.close()");
}

TEST_F(StandIns, classes_can_go) {
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  run("import weakref\n"
      "class Gone:\n"
      "  def __iter__(self): return iter([1])\n"
      "list(m.give(Gone())); w = weakref.ref(Gone); del Gone; gc.collect()\n"
      "assert w() is None");
}

}  // namespace
}  // namespace dd::py
