// Results that live on after the call: coroutines, generators, asynchronous generators.

#include <stdexcept>

#include "core/py/hook.h"
#include "tests/core/py/every_fault.h"
#include "tests/core/py/interpreter.h"

namespace dd::py {
namespace {

int entered = 0, begun = 0, left = 0;
std::string seen;

struct State {
  int number;
};
constinit PyObject* variable = nullptr;

void enter(Call&, Scope& scope) {
  ++entered;
  scope.emplace<State>(entered);
}
void begin(Scope& scope) {
  ++begun;
  if (scope.get<State>() == nullptr) seen += "no state ";
  if (variable != nullptr) {
    const Ref value = str("ours");
    const Ref token = Ref::steal(PyContextVar_Set(variable, value.ptr()));
  }
}
void leave(Outcome& outcome, Scope& scope) {
  ++left;
  if (scope.get<State>() == nullptr) seen += "no state ";
  seen += outcome.abandoned() ? std::string("abandoned")
          : outcome.error     ? "raised " + std::string(outcome.error.type_name())
                              : "= " + outcome.result.display();
  seen += ";";
  if (variable != nullptr) {
    const Ref value = str("restored");
    const Ref token = Ref::steal(PyContextVar_Set(variable, value.ptr()));
  }
}
void replace_result(Outcome& outcome, Scope&) { outcome.replace(str("ours")); }
void throws(Outcome&, Scope&) { throw std::runtime_error("x"); }

constexpr const char* kModule = R"(
import asyncio, types, contextvars
var = contextvars.ContextVar('var', default='theirs')
log = []
async def value(x): return x
async def slow(x=1):
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return x
async def forever():
    try: await asyncio.sleep(1000)
    finally: log.append('finally')
async def fails(x):
    await asyncio.sleep(0)
    raise x
async def sees():
    before = var.get()
    await asyncio.sleep(0)
    return before, var.get()
async def stubborn():
    try: await asyncio.sleep(1000)
    except GeneratorExit: pass
    await asyncio.sleep(0)
async def loose(x): return await asyncio.sleep(0, x)
@types.coroutine
def old(x):
    yield
    return x
@types.coroutine
def delegates(x): return (yield from slow(x))
def maybe(x): return x
def gen(n):
    try:
        for i in range(n): got = yield i; log.append(got) if got else None
        return 'done'
    finally: log.append('gen finally')
async def agen(n):
    try:
        for i in range(n):
            await asyncio.sleep(0)
            got = yield i
            if got: log.append(got)
    finally:
        await asyncio.sleep(0)
        log.append('agen finally')
async def bad_agen():
    yield 1
    raise KeyError('x')
)";

constexpr Target kAll[] = {
    {.where = "m:value", .enter = enter, .leave = leave, .kind = Kind::kAwaitable, .begin = begin},
    {.where = "m:slow", .enter = enter, .leave = leave, .kind = Kind::kAwaitable, .begin = begin},
    {.where = "m:forever", .enter = enter, .leave = leave, .kind = Kind::kAwaitable},
    {.where = "m:fails", .enter = enter, .leave = leave, .kind = Kind::kAwaitable},
    {.where = "m:sees", .enter = enter, .leave = leave, .kind = Kind::kAwaitable, .begin = begin},
    {.where = "m:stubborn", .enter = enter, .leave = leave, .kind = Kind::kAwaitable},
    {.where = "m:old", .enter = enter, .leave = leave, .kind = Kind::kAwaitable},
    {.where = "m:maybe", .enter = enter, .leave = leave, .kind = Kind::kAwaitable},
    {.where = "m:gen", .enter = enter, .leave = leave, .kind = Kind::kIterator, .begin = begin},
    {.where = "m:agen",
     .enter = enter,
     .leave = leave,
     .kind = Kind::kAsyncIterator,
     .begin = begin},
    {.where = "m:bad_agen", .enter = enter, .leave = leave, .kind = Kind::kAsyncIterator}};

class Follow : public tests::PythonTest {
 protected:
  void SetUp() override {
    reset();
    module("m", kModule);
    run("import m, asyncio, inspect, types, sys, gc, warnings, collections.abc, contextvars");
  }
  void TearDown() override {
    patch.remove();
    variable = nullptr;
    PythonTest::TearDown();
  }
  void reset() {
    entered = begun = left = 0;
    seen.clear();
  }
  // A body of `async def main()` whose value is the same with hooks as without.
  void same(const std::string& body) {
    std::string code = "async def main():\n";
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
    ASSERT_EQ(patch.apply(kAll).applied, static_cast<int>(std::size(kAll)));
    reset();
    run("m.log.clear(); hooked = asyncio.run(main()), list(m.log)");
    EXPECT_EQ(show("plain"), show("hooked")) << body;
  }
  Patch patch;
};

TEST_F(Follow, a_coroutine_leaves_when_its_result_is_there) {
  same("return await m.slow(5)");
  EXPECT_EQ(seen, "= 5;");
  same("return await m.value(6)");
  EXPECT_EQ(seen, "= 6;");
  same("return await m.value((1, 2)), await m.value(None), (await m.value(ValueError('v'))).args");
  EXPECT_EQ(begun, 3);
  same(
      "e = KeyError('k')\n"
      "try: await m.fails(e)\n"
      "except KeyError as x:\n"
      "  names, tb = [], x.__traceback__\n"
      "  while tb: names.append(tb.tb_frame.f_code.co_name); tb = tb.tb_next\n"
      "  return x is e, x.__context__, names");
  EXPECT_EQ(seen, "raised KeyError;");
  same("return m.maybe(3)");
  EXPECT_EQ(seen, "= 3;");
  same(
      "import weakref\n"
      "class Result: pass\n"
      "results = [await m.value(Result()) for i in range(3)]\n"
      "known = [weakref.ref(x) for x in results]\n"
      "del results\n"
      "return [x() for x in known]");
}

TEST_F(Follow, every_way_to_drive_a_coroutine) {
  same("return await asyncio.gather(m.slow(1), m.value(2), m.slow(3))");
  EXPECT_EQ(left, 3);
  same("return await asyncio.create_task(m.slow(1), name='n')");
  same("return await asyncio.wait_for(m.slow(4), 10)");
  same("return await asyncio.ensure_future(m.slow(4))");
  same("return await m.old(4), await asyncio.wait_for(m.old(5), 10)");
  EXPECT_EQ(seen, "= 4;= 5;");
  same("return await m.delegates(8)");  // `yield from`
  same(
      "class A:\n"
      "  def __await__(self): return m.slow(9).__await__()\n"
      "return await A()");
  EXPECT_EQ(seen, "= 9;");
  same(
      "class A:\n"
      "  def __await__(self): return (yield from m.slow(9).__await__())\n"
      "return await A()");
  EXPECT_EQ(seen, "= 9;");
  same(
      "c = m.slow(2)\n"
      "n = 0\n"
      "try:\n"
      "  while True: c.send(None); n += 1\n"
      "except StopIteration as e: return n, e.value, e.args");
  EXPECT_EQ(seen, "= 2;");
  same(
      "w = m.slow(2).__await__()\n"
      "out = [type(w).__name__, next(w), w.send(None)]\n"
      "try: next(w)\n"
      "except StopIteration as e: out.append(e.value)\n"
      "return out");
  same(
      "loop = asyncio.get_running_loop()\n"
      "def work(): return asyncio.run_coroutine_threadsafe(m.slow(7), loop).result()\n"
      "return await loop.run_in_executor(None, work)");
  EXPECT_EQ(seen, "= 7;");
}

TEST_F(Follow, cancelled_timed_out_thrown_at_and_closed) {
  same(
      "t = asyncio.create_task(m.forever())\n"
      "await asyncio.sleep(0); t.cancel('why')\n"
      "try: await t\n"
      "except asyncio.CancelledError as e: return e.args, t.cancelled()");
  EXPECT_EQ(seen, "raised CancelledError;");
  same(
      "try: await asyncio.wait_for(m.forever(), 0.001)\n"
      "except asyncio.TimeoutError as e: return type(e.__cause__)");
  EXPECT_EQ(seen, "raised CancelledError;");
  same(
      "t = asyncio.create_task(m.forever()); t.cancel()\n"  // before its first step
      "try: await t\n"
      "except asyncio.CancelledError: return 1");
  EXPECT_EQ(seen, "raised CancelledError;");
  same("c = m.forever(); c.send(None)\nreturn c.close(), c.cr_frame");
  EXPECT_EQ(seen, "abandoned;");
  same("c = m.forever(); c.send(None); w = c.__await__(); del c\nreturn w.close()");
  EXPECT_EQ(seen, "abandoned;");
  same("c = m.forever(); c.send(None); del c; return 1");
  EXPECT_EQ(seen, "abandoned;");
  same(
      "c = m.forever(); c.send(None)\n"
      "try: c.throw(KeyError('x'))\n"
      "except KeyError as e: return repr(e)");
  EXPECT_EQ(seen, "raised KeyError;");
  same(
      "c = m.stubborn(); c.send(None)\n"
      "try: c.close()\n"
      "except RuntimeError as e: out = repr(e)\n"
      "c.close()\n"
      "return out");
  EXPECT_EQ(left, 1);
  same(
      "c = m.slow()\n"
      "try: c.send(5)\n"
      "except TypeError as e: out = repr(e)\n"
      "return out, await c");
  EXPECT_EQ(left, 1);
}

TEST_F(Follow, misuse_is_refused_as_before) {
  same(
      "c = m.slow(); await c\n"
      "try: await c\n"
      "except RuntimeError as e: return repr(e)");
  same(
      "c = m.slow(); t = asyncio.create_task(c); await asyncio.sleep(0)\n"
      "try: await c\n"
      "except RuntimeError as e: out = repr(e)\n"
      "await t\n"
      "return out");
  same(
      "out = []\n"
      "for bad in (iter, list, len):\n"
      "  c = m.slow()\n"
      "  try: bad(c)\n"
      "  except TypeError as e: out.append(repr(e))\n"
      "  c.close()\n"
      "return out");
  same(
      "def plain():\n"
      "  c = m.slow()\n"
      "  try: yield from c\n"
      "  except TypeError as e: yield type(e)\n"
      "  finally: c.close()\n"
      "return list(plain())");
  same(
      "async def itself():\n"
      "  try: c.send(None)\n"
      "  except ValueError as e: return repr(e), type(c) is types.CoroutineType\n"
      "c = itself()\n"
      "return await c");
}

TEST_F(Follow, a_coroutine_looks_as_before) {
  same(R"(c = m.slow(3)
out = [inspect.iscoroutine(c), asyncio.iscoroutine(c), inspect.isawaitable(c), c.__class__,
       isinstance(c, types.CoroutineType), isinstance(c, collections.abc.Coroutine),
       isinstance(c, collections.abc.Iterator), isinstance(c, collections.abc.Iterable),
       hasattr(c, '__next__'), hasattr(c, '__iter__'), type(c).__name__, dir(c),
       c.__name__, c.__qualname__, c.cr_code is m.slow.__code__, c.cr_running, c.cr_await,
       c.cr_origin, c.cr_frame.f_lineno, c.cr_frame.f_locals, inspect.getcoroutinestate(c),
       repr(c).split(' at ')[0], c.send.__doc__, c.close.__doc__, repr(c.send).split(' at ')[0],
       inspect.iscoroutinefunction(m.slow), asyncio.iscoroutinefunction(m.slow), c.__doc__,
       c.__sizeof__() == sys.getsizeof(c) - sys.getsizeof(m) + m.__sizeof__()]
c.send(None)
out += [inspect.getcoroutinestate(c), c.cr_await is not None, inspect.getcoroutinelocals(c)]
c.close()
out += [inspect.getcoroutinestate(c), c.cr_frame, type(c) is types.CoroutineType]
return out)");
  same(
      "sys.set_coroutine_origin_tracking_depth(2)\n"
      "c = m.slow(3)\n"
      "sys.set_coroutine_origin_tracking_depth(0)\n"
      "out = [len(c.cr_origin), c.cr_origin[0][2]]\n"
      "c.send(None); out.append(c.cr_origin[0][2]); c.close()\n"
      "return out, c.cr_origin[0][2]");
  same(
      "import weakref, copy\n"
      "c = m.slow()\n"
      "w = weakref.ref(c)\n"
      "try: copy.copy(c)\n"
      "except TypeError as e: out = str(e)\n"
      "try: type(c)()\n"
      "except TypeError as e: out += str(e)\n"
      "c.close(); del c\n"
      "return out, w()");
}

TEST_F(Follow, what_was_never_awaited_is_reported_as_before) {
  same(
      "with warnings.catch_warnings(record=True) as caught:\n"
      "  warnings.simplefilter('always')\n"
      "  m.slow()\n"
      "  box = [m.slow()]; box.append(box); del box; gc.collect()\n"
      "return [(w.category, str(w.message)) for w in caught]");
  EXPECT_EQ(seen, "abandoned;abandoned;");
  EXPECT_EQ(begun, 0);
}

TEST_F(Follow, what_begin_sets_is_seen_inside_and_by_this_task_only) {
  const Ref var = eval("m.var");
  variable = var.ptr();
  run("async def main():\n"
      "  a, b = await asyncio.gather(m.sees(), m.loose(m.var.get()))\n"
      "  return a, b, m.var.get()");
  ASSERT_EQ(patch.apply(kAll).applied, static_cast<int>(std::size(kAll)));
  EXPECT_EQ(show("asyncio.run(main())"), "(('ours', 'ours'), 'theirs', 'theirs')");
  run("async def direct():\n"
      "  c = m.sees()\n"
      "  before = m.var.get()\n"
      "  return before, await c, m.var.get()");
  EXPECT_EQ(show("asyncio.run(direct())"), "('theirs', ('ours', 'ours'), 'restored')");
}

TEST_F(Follow, a_generator_stays_itself) {
  same("return list(m.gen(3))");
  EXPECT_EQ(seen, "= done;");
  same(
      "g = m.gen(3)\n"
      "out = [next(g), g.send('hello'), inspect.isgenerator(g), g.__class__, g.gi_running,\n"
      "       inspect.getgeneratorstate(g), isinstance(g, collections.abc.Awaitable), dir(g)]\n"
      "g.close()\n"
      "return out");
  EXPECT_EQ(seen, "abandoned;");
  same("def outer(): x = yield from m.gen(2); yield x\nreturn list(outer())");
  EXPECT_EQ(seen, "= done;");
  same(
      "g = m.gen(3); next(g)\n"
      "try: g.throw(KeyError('k'))\n"
      "except KeyError as e: return e.__context__");
  EXPECT_EQ(seen, "raised KeyError;");
  same("g = m.gen(3); next(g); del g; return 1");
  EXPECT_EQ(seen, "abandoned;");
  same(
      "s = m.gen(1).send\n"
      "out = [s(None)]\n"
      "for i in 1, 2:\n"
      "  try: s(None)\n"
      "  except StopIteration as e: out.append(e.value)\n"
      "return out");
}

TEST_F(Follow, an_async_generator_stays_itself) {
  same("return [x async for x in m.agen(3)]");
  EXPECT_EQ(seen, "= None;");
  EXPECT_EQ(begun, 1);
  same(
      "try: return [x async for x in m.bad_agen()]\n"
      "except KeyError as e: return repr(e)");
  EXPECT_EQ(seen, "raised KeyError;");
  same(
      "g = m.agen(3)\n"
      "out = [await g.__anext__(), await g.asend('hi'), await anext(g), g.__class__,\n"
      "       inspect.isasyncgen(g), g.ag_running, dir(g), await anext(g, 'default')]\n"
      "return out");
  EXPECT_EQ(seen, "= None;");
  same(
      "g = m.agen(3)\n"
      "out = [await anext(g)]\n"
      "await g.aclose()\n"
      "try: await anext(g)\n"
      "except StopAsyncIteration: out.append('stop')\n"
      "return out");
  EXPECT_EQ(seen, "abandoned;");
  same(
      "g = m.agen(3); await anext(g)\n"
      "try: await g.athrow(KeyError('k'))\n"
      "except KeyError as e: return repr(e)");
  EXPECT_EQ(seen, "raised KeyError;");
  same("g = m.agen(3); await g.aclose(); return 1");
  EXPECT_EQ(left, 1);
  same(
      "async def user():\n"
      "  async for x in m.agen(3): await asyncio.sleep(100)\n"
      "t = asyncio.create_task(user())\n"
      "for i in range(3): await asyncio.sleep(0)\n"
      "t.cancel()\n"
      "try: await t\n"
      "except asyncio.CancelledError: pass\n"
      "del t\n"
      "await asyncio.sleep(0); await asyncio.sleep(0); await asyncio.sleep(0)\n"
      "return list(m.log)");
  EXPECT_EQ(seen, "abandoned;");
}

TEST_F(Follow, the_event_loop_closes_what_was_dropped) {
  same(
      "g = m.agen(3); await anext(g); del g\n"
      "for i in range(5): await asyncio.sleep(0)\n"
      "return list(m.log)");
  EXPECT_EQ(seen, "abandoned;");
  same("g = m.agen(3); await anext(g); main.kept = g\nreturn 1");  // shutdown_asyncgens
  EXPECT_EQ(seen, "abandoned;");
}

TEST_F(Follow, a_result_can_be_replaced_and_hooks_share_a_coroutine) {
  static constexpr Target kOurs[] = {
      {.where = "m:slow", .leave = replace_result, .kind = Kind::kAwaitable},
      {.where = "m:gen", .leave = replace_result, .kind = Kind::kIterator}};
  Patch second;
  ASSERT_EQ(patch.apply(kOurs).applied, 2);
  ASSERT_EQ(second.apply(kAll).applied, static_cast<int>(std::size(kAll)));
  run("async def main(): return await m.slow(1), await asyncio.create_task(m.slow(1))");
  EXPECT_EQ(show("asyncio.run(main())"), "('ours', 'ours')");
  EXPECT_EQ(seen, "= ours;= ours;");
  run("def outer(): x = yield from m.gen(1); yield x");
  EXPECT_EQ(show("list(outer())"), "[0, 'ours']");
  second.remove();
}

TEST_F(Follow, faults_count_for_their_hook) {
  static constexpr Target kThrows[] = {
      {.where = "m:slow", .leave = throws, .kind = Kind::kAwaitable}};
  ASSERT_EQ(patch.apply(kThrows).applied, 1);
  run("async def main(): return [await m.slow(i) for i in range(15)]");
  EXPECT_EQ(show("asyncio.run(main())"), show("list(range(15))"));
  EXPECT_EQ(patch.faults(), 10u);
}

TEST_F(Follow, a_fault_at_each_step_changes_neither_result_nor_exception) {
  run(R"(
arg = object(); error = KeyError('e')
async def main():
  assert await m.slow(arg) is arg
  try: await m.fails(error)
  except KeyError as e: assert e is error and e.__context__ is None
  else: assert False
  assert [x async for x in m.agen(2)] == [0, 1]
  g = m.agen(2); assert await anext(g) == 0; await g.aclose()
  c = m.forever(); c.send(None); c.close()
  assert list(m.gen(2)) == [0, 1]
  t = asyncio.create_task(m.forever()); await asyncio.sleep(0); t.cancel()
  try: await t
  except asyncio.CancelledError: pass
  else: assert False
loop = asyncio.new_event_loop()
)");
  [[maybe_unused]] const int steps =
      tests::with_every_fault(kAll, [&] { run("loop.run_until_complete(main())"); });
  run("loop.close()");
#ifdef DD_CHECKS
  EXPECT_GT(steps, 30);
#endif
}

TEST_F(Follow, keeps_no_references) {
  ASSERT_EQ(patch.apply(kAll).applied, static_cast<int>(std::size(kAll)));
  run(R"(
arg = object(); error = KeyError('e')
loop = asyncio.new_event_loop()
async def main():
  await m.slow(arg)
  try: await m.fails(error)
  except KeyError: pass
  error.__traceback__ = None
  async for x in m.agen(2): pass
  g = m.agen(2); await anext(g); await g.aclose(); del g
  c = m.forever(); c.send(None); c.close()
  c = m.forever(); c.send(None); del c
  for x in m.gen(2): pass
  m.log.clear()
)");
  steady("loop.run_until_complete(main());", 400, {"arg", "error"});
  run("loop.close()");
}

TEST_F(Follow, the_collector_sees_through_it) {
  ASSERT_EQ(patch.apply(kAll).applied, static_cast<int>(std::size(kAll)));
  run("import weakref\n"
      "class Box: pass\n"
      "b = Box(); b.c = m.slow(b); b.c.send(None); w = weakref.ref(b); del b; gc.collect()\n"
      "assert w() is None\n"
      "b = Box(); b.g = m.agen(b); w = weakref.ref(b); del b; gc.collect()\n"
      "assert w() is None");
}

}  // namespace
}  // namespace dd::py
