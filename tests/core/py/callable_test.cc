// Targets that are no functions: hooked in place where the object allows it, else by an object in
// its place that looks the same.

#include <stdexcept>

#include "core/py/hook.h"
#include "tests/core/py/every_fault.h"
#include "tests/core/py/interpreter.h"

namespace dd::py {
namespace {

int entered = 0, left = 0;
std::string seen;

void enter(Call& call, Scope&) {
  ++entered;
  seen += call.self().type_name();
  seen += "(" + call.arg(0).display() + ")";
}
void leave(Outcome& outcome, Scope&) {
  ++left;
  seen += outcome.error ? " raised " + std::string(outcome.error.type_name())
                        : " = " + outcome.result.display();
  seen += ";";
}
void throws(Call&, Scope&) { throw std::runtime_error("x"); }

constexpr const char* kModule = R"(
import functools, decimal, operator
def f(a, b=2, **kw): return (a, b, *kw.items()) if kw else (a, b)
partial = functools.partial(f, b=5)
plain_partial = functools.partial(f)
@functools.lru_cache(maxsize=None)
def cached(a): "doc"; return [a]
class Callable:
    "a class"
    def __init__(self): self.calls = []
    def __call__(self, a): self.calls.append(a); return a
    def method(self, a): return (self, a)
one, other = Callable(), Callable()
bound = one.method
async def co(a): return a
class WithDecorator:
    def __init__(self, fn): self.fn = fn
    def __call__(self, *args): return self.fn(*args)
    def __get__(self, obj, cls): return self if obj is None else functools.partial(self, obj)
class C:
    part = functools.partial(f, 1)
    memo = functools.lru_cache(lambda self, a: (self, a))
    def __hash__(self): return 7
getter = operator.attrgetter('real')
class Awkward:
    def __len__(self): return 3
Decimal = decimal.Decimal
)";

class Callables : public tests::PythonTest {
 protected:
  void SetUp() override {
    entered = left = 0;
    seen.clear();
    module("m", kModule);
    run("import m, inspect, pickle, copy, types, sys, functools, weakref, asyncio, gc");
  }
  void TearDown() override {
    patch.remove();
    PythonTest::TearDown();
  }
  // An expression has the same value with the hook as without.
  void same(const std::string& expression) {
    run("def look(): return " + expression);
    const std::string before = show("look()");
    const PatchReport report = patch.apply(targets);
    ASSERT_TRUE(report.status().ok()) << report.status().message();
    EXPECT_EQ(before, show("look()")) << expression;
    patch.remove();
    EXPECT_EQ(before, show("look()")) << expression;
  }
  std::span<const Target> targets;
  Patch patch;
};

TEST_F(Callables, a_partial_is_hooked_in_place) {
  static constexpr Target kTargets[] = {
      {"m:partial", enter, leave}, {"m:plain_partial", enter, leave}, {"m:C.part", enter, leave}};
  run("early = m.partial");
  ASSERT_EQ(patch.apply(kTargets).applied, 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(show("early(1)"), "(1, 5)");
    EXPECT_EQ(show("m.plain_partial(1)"), "(1, 2)");
    EXPECT_EQ(show("m.plain_partial(1, b=3, c=4)"), "(1, 3, ('c', 4))");
    EXPECT_EQ(show("m.C().part(4)"), "(1, 4)");
    EXPECT_EQ(show("list(map(m.partial, [1]))"), "[(1, 5)]");
    EXPECT_EQ(show("m.partial(*[1], **{})"), "(1, 5)");
  }
  EXPECT_EQ(entered, 18);
  EXPECT_EQ(raised("m.partial()").substr(0, 9), "TypeError");
  patch.remove();
  run("m.partial(1); m.plain_partial(1)");
  EXPECT_EQ(entered, 19);
  targets = kTargets;
  same(
      "(id(m.partial), type(m.partial), repr(m.partial), m.partial.func, m.partial.keywords,"
      " str(inspect.signature(m.partial)), pickle.loads(pickle.dumps(m.partial))(3),"
      " copy.copy(m.partial)(3), m.partial.__reduce__()[0])");
}

TEST_F(Callables, an_instance_is_hooked_by_its_class_for_itself_only) {
  static constexpr Target kTargets[] = {{"m:one", enter, leave}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  EXPECT_EQ(show("m.one(1), m.other(2)"), "(1, 2)");
  EXPECT_EQ(seen, "Callable(1) = 1;");
  EXPECT_EQ(patch.apply(kTargets).already, 1);
  targets = kTargets;
  patch.remove();
  same("(id(m.one), type(m.one) is m.Callable, vars(type(m.one))['__call__'], dir(m.one))");
}

TEST_F(Callables, a_bound_method_is_hooked_for_its_object_only) {
  static constexpr Target kTargets[] = {{"m:bound", enter, leave}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  EXPECT_TRUE(is_true("m.bound(1)[0] is m.one and m.other.method(2)[0] is m.other"));
  EXPECT_EQ(entered, 1);
}

TEST_F(Callables, a_class_method_written_in_c) {
  static constexpr Target kTargets[] = {{"m:Decimal.from_float", enter, leave}};
  run("class D(m.Decimal): pass\nbefore = repr(m.Decimal.__dict__['from_float'])");
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  EXPECT_EQ(show("m.Decimal.from_float(1.5), D.from_float(2.5)"),
            "(Decimal('1.5'), Decimal('2.5'))");
  EXPECT_EQ(seen, "type(1.5) = 1.5;type(2.5) = 2.5;");
  EXPECT_TRUE(is_true("before == repr(m.Decimal.__dict__['from_float'])"));
  patch.remove();
  run("m.Decimal.from_float(1.5)");
  EXPECT_EQ(entered, 2);
}

TEST_F(Callables, what_cannot_be_changed_gets_a_stand_in) {
  static constexpr Target kTargets[] = {{"m:cached", enter, leave}, {"m:C.memo", enter, leave}};
  run("import m as mod\noriginal = m.cached, m.C.__dict__['memo']");
  ASSERT_EQ(patch.apply(kTargets).applied, 2);
  EXPECT_EQ(patch.apply(kTargets).already, 2);
  EXPECT_TRUE(is_true("m.cached(1) is m.cached(1)"));
  EXPECT_EQ(seen, "(1) = [1];(1) = [1];");
  run("c = m.C(); assert c.memo(5) == (c, 5)");
  EXPECT_EQ(entered, 3);
  EXPECT_EQ(raised("m.cached()").substr(0, 9), "TypeError");
  EXPECT_EQ(raised("m.cached([])").substr(0, 9), "TypeError");
  run("kept = m.cached");
  patch.remove();
  EXPECT_TRUE(is_true("(m.cached, m.C.__dict__['memo']) == original and m.cached is original[0]"));
  entered = 0;
  EXPECT_TRUE(is_true("kept(1) is m.cached(1)"));  // whoever took it keeps what works
  EXPECT_EQ(entered, 0);
}

TEST_F(Callables, a_stand_in_looks_as_before) {
  static constexpr Target kTargets[] = {{"m:cached", enter, leave}};
  targets = kTargets;
  same("(m.cached.__name__, m.cached.__qualname__, m.cached.__doc__, m.cached.__module__)");
  same(
      "(m.cached.__class__, isinstance(m.cached, functools._lru_cache_wrapper), "
      "type(m.cached).__name__)");
  same("(str(inspect.signature(m.cached)), inspect.isfunction(m.cached), callable(m.cached))");
  same("(inspect.iscoroutinefunction(m.cached), asyncio.iscoroutinefunction(m.cached))");
  same("(repr(m.cached), str(m.cached), m.cached.__wrapped__, m.cached.__dict__.keys())");
  same(
      "(pickle.loads(pickle.dumps(m.cached)) is m.cached, copy.copy(m.cached) is m.cached,"
      " copy.deepcopy(m.cached) is m.cached)");
  same("(m.cached == m.cached, hash(m.cached) == hash(m.cached), m.cached != m.cached)");
  same("(weakref.ref(m.cached)() is m.cached, dir(m.cached))");
  same("(m.cached.cache_info(), m.cached.cache_parameters(), bool(m.cached))");
  same("inspect.unwrap(m.cached)");
  same("functools.partial(m.cached, 3)()");
  same("functools.wraps(m.cached)(lambda: 0).__name__");
  run("m.cached.note = 5");
  same("m.cached.note");
}

TEST_F(Callables, a_constructor_written_in_c) {
  static constexpr Target kTargets[] = {{"m:Decimal.__new__", enter, leave},
                                        {"socket:socket.__init__", enter, leave},
                                        {"_socket:socket.__init__", enter, leave},
                                        {"collections:deque.__init__", enter, leave}};
  run("import socket, _socket, collections\n"
      "class D(m.Decimal): pass\n"
      "class E(m.Decimal):\n"
      "  def __new__(cls, x): return super().__new__(cls, x)\n"
      "class Q(collections.deque):\n"
      "  def __init__(self, items): super().__init__(items, maxlen=2)\n"
      "class P(collections.deque): pass\n"
      "def make(): return m.Decimal('1'), collections.deque([1])\n"
      "before = m.Decimal.__new__, repr(collections.deque.__init__)");
  for (int i = 0; i < 30; ++i) run("make()");
  ASSERT_EQ(patch.apply(kTargets).applied, 4);
  EXPECT_EQ(show("make()"), "(Decimal('1'), deque([1]))");
  EXPECT_EQ(seen, "type(1) = 1;deque([1]) = None;");
  seen.clear();
  EXPECT_EQ(show("D('2'), E('3'), type(D('1')) is D"), "(Decimal('2'), Decimal('3'), True)");
  EXPECT_EQ(seen, "type(2) = 2;type(3) = 3;type(1) = 1;");
  seen.clear();
  EXPECT_EQ(show("Q([1, 2, 3]), P([4], maxlen=1)"), "(Q([2, 3], maxlen=2), P([4], maxlen=1))");
  EXPECT_EQ(seen, "Q([1, 2, 3]) = None;P([4]) = None;");
  run("class Late(m.Decimal): pass\nLate('7')");
  seen.clear();
  EXPECT_EQ(raised("m.Decimal(1, 2, 3)").substr(0, 9), "TypeError");
  EXPECT_EQ(raised("collections.deque(5)").substr(0, 9), "TypeError");
  EXPECT_EQ(raised("m.Decimal.__new__(int, 3)").substr(0, 9), "TypeError");
  run("socket.socket().close()");
  EXPECT_TRUE(is_true("before == (m.Decimal.__new__, repr(collections.deque.__init__))"));
  patch.remove();
  entered = 0;
  run("make(); D('2'); E('3'); Q([1]); P([2]); Late('7'); socket.socket().close()");
  EXPECT_EQ(entered, 0);
  static constexpr Target kNone[] = {
      {.where = "m:Callable.__new__", .enter = enter, .optional = true},
      {.where = "m:Awkward.__init__", .enter = enter, .optional = true},
      {.where = "m:Decimal.__add__", .enter = enter, .optional = true}};
  EXPECT_EQ(patch.apply(kNone).missing.size(), 3u);
  ASSERT_EQ(patch.apply(kTargets).applied, 4);
  run("arg = '12'");
  steady("m.Decimal(arg); D(arg); collections.deque([arg], maxlen=3)", 1000, {"arg", "D"});
}

TEST_F(Callables, an_awaited_result_of_a_stand_in_is_followed) {
  static constexpr Target kTargets[] = {
      {.where = "m:deco", .enter = enter, .leave = leave, .kind = Kind::kAwaitable}};
  run("m.deco = functools.lru_cache(lambda a: m.co(a))\n"
      "async def main(): return await m.deco(4)");
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  EXPECT_EQ(show("asyncio.run(main())"), "4");
  EXPECT_EQ(seen, "(4) = 4;");
}

TEST_F(Callables, faults_and_references) {
  static constexpr Target kThrows[] = {
      {"m:cached", throws, nullptr}, {"m:partial", throws, nullptr}, {"m:one", throws, nullptr}};
  ASSERT_EQ(patch.apply(kThrows).applied, 3);
  for (int i = 0; i < 12; ++i)
    EXPECT_EQ(show("m.cached(1), m.partial(2), m.one(3)"), "([1], (2, 5), 3)");
  EXPECT_EQ(patch.faults(), 30u);
  EXPECT_TRUE(is_true("type(m.cached) is functools._lru_cache_wrapper"));
  patch.remove();
  static constexpr Target kTargets[] = {
      {"m:cached", enter, leave}, {"m:partial", enter, leave}, {"m:one", enter, leave}};
  ASSERT_EQ(patch.apply(kTargets).applied, 3);
  run("arg = object()");
  steady("m.partial(arg); m.one(arg); m.one.calls.clear(); m.cached(arg); m.cached.cache_clear()",
         1000, {"arg"});
  for (int i = 0; i < 1100; ++i) {
    patch.remove();
    ASSERT_EQ(patch.apply(kTargets).applied, 3) << i;
  }
}

TEST_F(Callables, a_fault_at_each_step_changes_nothing) {
  static constexpr Target kTargets[] = {
      {"m:cached", enter, leave}, {"m:partial", enter, leave}, {"m:one", enter, leave}};
  run("arg = object()\nkept = m.cached(arg)\n"
      "def check():\n"
      "  assert m.cached(arg) is kept and m.partial(arg)[0] is arg and m.one(arg) is arg\n"
      "  try: m.cached([])\n"
      "  except TypeError as e: assert e.__context__ is None\n"
      "  else: assert False");
  [[maybe_unused]] const int steps = tests::with_every_fault(kTargets, [&] { run("check()"); });
#ifdef DD_CHECKS
  EXPECT_GT(steps, 12);
#endif
}

TEST_F(Callables, a_function_of_the_application_is_adopted_until_it_goes) {
  static constexpr Target kTarget = {
      .where = "m:<adopted>",
      .enter = [](Call& call, Scope&) { seen += call.callable().attr("__name__").text() + ";"; },
      .leave = leave};
  run("def made(a): return a\nkeep = made\nc = m.Callable()\nshown = repr(made)");
  EXPECT_TRUE(patch.adopt(eval("made"), kTarget));
  EXPECT_FALSE(patch.adopt(eval("keep"), kTarget));
  EXPECT_TRUE(patch.adopt(eval("c.method"), kTarget));
  EXPECT_FALSE(patch.adopt(eval("m.other.method"), kTarget));
  EXPECT_FALSE(patch.adopt(eval("m.partial"), kTarget));
  EXPECT_FALSE(patch.adopt(eval("7"), kTarget));
  EXPECT_EQ(show("keep(3), keep is made, repr(made) == shown, type(made).__name__"),
            "(3, True, True, 'function')");
  EXPECT_EQ(show("c.method(1) == (c, 1)"), "True");
  EXPECT_EQ(seen.substr(0, 11), "made; = 3;m");
  EXPECT_EQ(left, 2);
  run("gone = weakref.ref(made)\ndel made, keep\ngc.collect()");
  EXPECT_EQ(show("gone()"), "None");
  for (int i = 0; i < 2000; ++i) {
    run("def made(a): return a");
    ASSERT_TRUE(patch.adopt(eval("made"), kTarget)) << i;
  }
  patch.remove();
  run("made(1)");
  EXPECT_EQ(left, 2);
}

}  // namespace
}  // namespace dd::py
