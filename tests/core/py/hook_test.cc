#include "core/py/hook.h"

#include <stdexcept>

#include "core/py/error.h"
#include "tests/core/py/every_fault.h"
#include "tests/core/py/interpreter.h"

namespace dd::py {
namespace {

constinit Name kB("b"), kExtra("extra");
int entered = 0, left = 0;
std::string seen;

struct State {
  int number;
};

void enter(Call& call, Scope& scope) {
  ++entered;
  scope.emplace<State>(entered);
  seen = call.self().type_name();
  seen += "(" + call.arg(0).display() + "," + call.arg(1, kB).display() + ")";
}
void leave(Outcome& outcome, Scope& scope) {
  ++left;
  if (scope.get<State>() != nullptr && scope.get<State>()->number != entered) seen += " mixed up";
  seen += outcome.error ? " raised " + std::string(outcome.error.type_name())
                        : " = " + outcome.result.display();
}
void replace_both(Call& call, Scope&) {
  (void)call.replace_arg(0, kB, integer(100));
  (void)call.replace_arg(kExtra, integer(7));
}
void replace_result(Outcome& outcome, Scope&) { outcome.replace(str("ours")); }
void throws(Call&, Scope&) { throw std::runtime_error("x"); }
void leaves_error(Outcome&, Scope&) { PyErr_SetString(PyExc_ValueError, "ours"); }
void interrupts(Call& call, Scope&) { (void)call.arg(0).attr("angry"); }

constexpr const char* kModule = R"(
import functools
def f(a, b=2, **kw): return (a, b, *kw.items()) if kw else (a, b)
def fails(a): raise KeyError(a)
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
class Base:
    def m(self, a, b=2): return (a, b)
class C(Base):
    def __init__(self, a=0): self.a = a
    def __getitem__(self, key): return key
    @staticmethod
    def s(a): return a
    @classmethod
    def c(cls, a): return cls
    @property
    def p(self): return self.a
    def own(self, a): return a
class Other(Base): pass
partial = functools.partial(f, 1)
)";

class Hooks : public tests::PythonTest {
 protected:
  void SetUp() override {
    entered = left = 0;
    seen.clear();
    module("m", kModule);
    run("import m, inspect, pickle, copy, types, sys");
  }
  void TearDown() override {
    patch.remove();
    PythonTest::TearDown();
  }
  Patch patch;
};

TEST_F(Hooks, see_the_call_and_its_end) {
  static constexpr Target kTargets[] = {{"m:f", enter, leave}};
  run("early = m.f");
  const PatchReport report = patch.apply(kTargets);
  EXPECT_TRUE(report.status().ok());
  EXPECT_EQ(report.applied, 1);
  EXPECT_EQ(show("m.f(1)"), "(1, 2)");
  EXPECT_EQ(seen, "(1,) = (1, 2)");
  EXPECT_EQ(show("early(1, b=5)"), "(1, 5)");  // a reference taken before
  EXPECT_EQ(seen, "(1,5) = (1, 5)");
  EXPECT_EQ(patch.apply(kTargets).already, 1);
  EXPECT_EQ(show("m.f(1)"), "(1, 2)");
  EXPECT_EQ(entered, 3);
  patch.remove();
  EXPECT_EQ(show("m.f(1)"), "(1, 2)");
  EXPECT_EQ(entered, 3);
  EXPECT_TRUE(is_true("type(m.f) is types.FunctionType"));
}

TEST_F(Hooks, the_exception_and_its_traceback_are_the_applications) {
  static constexpr Target kTargets[] = {{"m:fails", enter, leave}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  run(R"(
key = object()
try: m.fails(key)
except KeyError as e: error = e
frames, tb = [], error.__traceback__
while tb: frames.append(tb.tb_frame.f_code.co_name); tb = tb.tb_next
)");
  EXPECT_TRUE(is_true("error.args[0] is key and error.__context__ is None"));
  EXPECT_EQ(show("frames"), "['<module>', 'fails']");
  EXPECT_NE(seen.find("raised KeyError"), std::string::npos);
}

TEST_F(Hooks, a_function_looks_as_before) {
  static constexpr Target kTargets[] = {{"m:f", enter, leave}, {"m:C.own", enter, leave}};
  run("m.f.__doc__ = 'says'\n"
      "hidden = ('__class__', '__reduce__', '__reduce_ex__', '__builtins__',\n"
      "          '__init_subclass__', '__subclasshook__')\n"
      "def look(f): return {n: str(getattr(f, n)) for n in dir(f) if n not in hidden}\n"
      "looks = look(m.f), look(m.C.own)");
  run("before = m.f, id(m.f), repr(m.f), str(inspect.signature(m.f)), m.f.__dict__, m.f.__code__");
  ASSERT_EQ(patch.apply(kTargets).applied, 2);
  EXPECT_TRUE(
      is_true("before == (m.f, id(m.f), repr(m.f), str(inspect.signature(m.f)), "
              "m.f.__dict__, m.f.__code__)"));
  EXPECT_EQ(show("looks"), show("(look(m.f), look(m.C.own))"));
  EXPECT_TRUE(is_true("inspect.isfunction(m.f) and isinstance(m.f, types.FunctionType)"));
  EXPECT_TRUE(is_true("m.f.__class__ is types.FunctionType"));
  EXPECT_TRUE(is_true("not hasattr(m.f, '__wrapped__') and m.f.__module__ == 'm'"));
  EXPECT_TRUE(is_true("pickle.loads(pickle.dumps(m.f)) is m.f"));
  EXPECT_TRUE(is_true("copy.copy(m.f) is m.f and copy.deepcopy(m.f) is m.f"));
  EXPECT_TRUE(is_true("inspect.ismethod(m.C().own) and m.C().own.__func__ is m.C.own"));
  EXPECT_TRUE(is_true("type('D', (m.C,), {'own': lambda s, a: m.C.own(s, a)})().own(3) == 3"));
  run("m.f.note = 1\nassert m.f.__dict__ == {'note': 1}\ndel m.f.note");
}

TEST_F(Hooks, methods_know_self) {
  static constexpr Target kTargets[] = {{"m:C.own", enter, leave},
                                        {"m:C.s", enter, leave},
                                        {"m:C.c", enter, leave},
                                        {"m:C.p", enter, leave},
                                        {"m:C.__getitem__", enter, leave}};
  run("o = m.C(4)\ndef get(x): return x[1], x.p");
  for (int i = 0; i < 30; ++i) run("get(o)");  // specialised before the hook
  ASSERT_EQ(patch.apply(kTargets).applied, 5);
  EXPECT_EQ(show("o.own(1)"), "1");
  EXPECT_EQ(seen, "C(1,) = 1");
  EXPECT_EQ(show("m.C.s(2)"), "2");
  EXPECT_EQ(seen, "(2,) = 2");
  EXPECT_EQ(show("o.c(2).__name__"), "C");
  EXPECT_EQ(seen.substr(0, 7), "type(2,");
  entered = 0;
  for (int i = 0; i < 30; ++i) run("assert get(o) == (1, 4)");
  EXPECT_EQ(entered, 60);
}

TEST_F(Hooks, an_init_is_hooked_through_every_way_to_it) {
  static constexpr Target kTargets[] = {{"m:C.__init__", enter, leave}};
  run("def make(): return m.C(1)");
  for (int i = 0; i < 50; ++i) run("make()");
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  for (int i = 0; i < 50; ++i) run("assert make().a == 1");
  EXPECT_EQ(entered, 50);
}

TEST_F(Hooks, an_inherited_method_fires_for_the_named_class_only) {
  static constexpr Target kTargets[] = {{"m:C.m", enter, leave}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  EXPECT_TRUE(is_true("m.Other().m(1) == (1, 2) and 'm' not in m.C.__dict__"));
  EXPECT_EQ(entered, 0);
  EXPECT_TRUE(is_true("m.C().m(1) == (1, 2)"));
  EXPECT_EQ(entered, 1);
}

TEST_F(Hooks, c_functions_and_methods_of_immutable_types_are_hooked_in_place) {
  static constexpr Target kTargets[] = {{"sqlite3:connect", enter, leave},
                                        {"sqlite3:Cursor.execute", enter, leave},
                                        {"sqlite3:Cursor.fetchall", enter, leave}};
  run("import sqlite3\nfrom sqlite3 import connect\nC = sqlite3.Cursor\n"
      "before = C.execute, C.execute.__doc__, repr(C.execute), type(connect)");
  ASSERT_EQ(patch.apply(kTargets).applied, 3);
  run("cur = connect(':memory:').cursor()");
  EXPECT_EQ(entered, 1);
  run("r = cur.execute('select ?', (5,))\nassert r is cur");
  EXPECT_EQ(seen.substr(0, 19), "Cursor(select ?,(5,");
  EXPECT_EQ(show("cur.fetchall()"), "[(5,)]");
  run("bound = cur.execute\nbound('select 1')\nC.execute(cur, 'select 2')");
  EXPECT_EQ(entered, 5);
  EXPECT_TRUE(is_true("before == (C.execute, C.execute.__doc__, repr(C.execute), type(connect))"));
  EXPECT_EQ(raised("C.execute(5, 'x')").substr(0, 9), "TypeError");
  EXPECT_EQ(raised("C.execute()").substr(0, 9), "TypeError");
  EXPECT_EQ(entered, 5);
  EXPECT_EQ(raised("cur.execute('nonsense')").substr(0, 16), "OperationalError");
  patch.remove();
  run("cur.execute('select 1')\ncur.fetchall()\nconnect(':memory:')");
  EXPECT_EQ(entered, 6);
}

TEST_F(Hooks, arguments_and_results_can_be_replaced) {
  static constexpr Target kTargets[] = {{"m:f", replace_both, nullptr},
                                        {"m:C.own", nullptr, replace_result}};
  ASSERT_EQ(patch.apply(kTargets).applied, 2);
  EXPECT_EQ(show("m.f(1)"), "(100, 2, ('extra', 7))");
  EXPECT_EQ(show("m.f(1, extra=2)"), "(100, 2, ('extra', 7))");
  EXPECT_EQ(show("m.C().own(5)"), "ours");
}

TEST_F(Hooks, all_targets_resolve_or_none_is_applied) {
  static constexpr Target kTargets[] = {
      {"m:f", enter, leave}, {"m:gone", enter, leave}, {"m:C.gone.x", enter, leave}};
  const PatchReport report = patch.apply(kTargets);
  EXPECT_TRUE(report.held_back);
  EXPECT_EQ(report.missing.size(), 2u);
  EXPECT_FALSE(report.status().ok());
  run("m.f(1)");
  EXPECT_EQ(entered, 0);
  static constexpr Target kOptional[] = {{"m:f", enter, leave},
                                         {.where = "m:gone", .enter = enter, .optional = true},
                                         {"not_imported:f", enter, leave},
                                         {.where = "m:__name__", .enter = enter, .optional = true},
                                         {.where = "m:f", .enter = enter, .versions = "<2"}};
  const PatchReport second = patch.apply(kOptional, "2.1");
  EXPECT_EQ(second.applied, 1);
  EXPECT_EQ(second.waiting, 1);
  EXPECT_EQ(second.skipped, 1);
  EXPECT_EQ(second.missing.size(), 2u);
}

TEST_F(Hooks, faults_stay_with_us_and_the_tenth_takes_the_hook_out) {
  static constexpr Target kTargets[] = {{"m:f", throws, leaves_error}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(show("m.f(1)"), "(1, 2)");
  EXPECT_EQ(patch.faults(), 10u);
  EXPECT_EQ(show("m.f(1)"), "(1, 2)");
  EXPECT_EQ(patch.faults(), 10u);
  EXPECT_TRUE(is_true("type(m.f) is types.FunctionType"));
}

TEST_F(Hooks, an_interrupt_inside_a_hook_reaches_the_application) {
  static constexpr Target kTargets[] = {{"m:f", interrupts, leave}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  run("class A:\n  @property\n  def angry(self): raise KeyboardInterrupt('stop')");
  EXPECT_EQ(raised("m.f(A())"), "KeyboardInterrupt: stop");
  EXPECT_EQ(left, 1);
  EXPECT_EQ(patch.faults(), 0u);
}

TEST_F(Hooks, a_fault_at_each_step_changes_neither_result_nor_exception) {
  static constexpr Target kTargets[] = {{"m:f", enter, leave}, {"m:fails", enter, leave}};
  run("arg = object()\n"
      "def check():\n"
      "  r = m.f(arg)\n"
      "  assert r[0] is arg\n"
      "  try: m.fails(arg)\n"
      "  except KeyError as e: assert e.args[0] is arg and e.__context__ is None\n"
      "  else: assert False");
  [[maybe_unused]] const int steps = tests::with_every_fault(kTargets, [&] { run("check()"); });
#ifdef DD_CHECKS
  EXPECT_GT(steps, 8);
#endif
}

TEST_F(Hooks, recursion_is_as_deep_as_before) {
  static constexpr Target kTargets[] = {{"m:deep", nullptr, leave}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  EXPECT_EQ(show("m.deep(400)"), "400");
  EXPECT_EQ(raised("m.deep(10**6)").substr(0, 14), "RecursionError");
}

TEST_F(Hooks, keep_no_references) {
  static constexpr Target kTargets[] = {
      {"m:f", enter, leave}, {"m:fails", enter, leave}, {"m:C.own", enter, replace_result}};
  ASSERT_EQ(patch.apply(kTargets).applied, 3);
  run("arg = object(); o = m.C()");
  steady(
      "m.f(arg, b=arg)\nm.f(arg, z=arg)\no.own(arg)\n"
      "try: m.fails(arg)\nexcept KeyError: pass",
      1000, {"arg", "o"});
}

TEST_F(Hooks, a_function_that_dies_takes_nothing_along) {
  static constexpr Target kTargets[] = {{"m:f", enter, leave}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  run("import weakref\ngone = weakref.ref(m.f)\nm.partial = None\ndel m.f");
  run("__import__('gc').collect()");
  EXPECT_TRUE(is_true("gone() is None"));
  patch.remove();
}

TEST_F(Hooks, hooks_on_one_function_unwind_in_any_order) {
  static constexpr Target kTargets[] = {{"m:f", enter, leave}};
  Patch second;
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  static constexpr Target kMore[] = {{"m:f", nullptr, replace_result}};
  ASSERT_EQ(second.apply(kMore).applied, 1);
  EXPECT_EQ(show("m.f(1)"), "ours");
  patch.remove();
  EXPECT_EQ(show("m.f(1)"), "ours");
  EXPECT_EQ(entered, 1);
  second.remove();
  EXPECT_EQ(show("m.f(1)"), "(1, 2)");
  EXPECT_EQ(entered, 1);
}

TEST_F(Hooks, patching_again_and_again_uses_the_same_room) {
  static constexpr Target kTargets[] = {
      {"m:f", enter, leave}, {"m:C.own", enter, leave}, {"builtins:len", enter, leave}};
  run("keeps = []");
  for (int i = 0; i < 3000; ++i) {
    Patch one;
    const PatchReport report = one.apply(kTargets);
    ASSERT_EQ(report.applied, 3) << i << report.status().message();
    if (i % 1000 == 0) run("m.f(1); m.C().own(2); len([]); keeps.append(len.__call__)");
    one.remove();
  }
  EXPECT_EQ(entered, 9);
  run("assert len([1]) == 1 and [k([1]) for k in keeps] == [1, 1, 1]");
  EXPECT_EQ(entered, 9);
}

TEST_F(Hooks, a_call_in_flight_keeps_its_hook) {
  static constexpr Target kTargets[] = {{"m:waits", enter, leave}};
  static constexpr Target kOther[] = {{"m:f", nullptr, replace_result}};
  run("def waits(a): go(); return a\nm.waits = waits");
  Patch second;
  static constinit Patch *first_patch = nullptr, *second_patch = nullptr;
  first_patch = &patch;
  second_patch = &second;
  static PyMethodDef go = {"go",
                           [](PyObject*, PyObject*) -> PyObject* {
                             first_patch->remove();
                             EXPECT_EQ(second_patch->apply(kOther).applied, 1);
                             return Py_NewRef(Py_None);
                           },
                           METH_NOARGS, nullptr};
  const Ref callable = Ref::steal(PyCFunction_New(&go, nullptr));
  set("go", callable);
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  EXPECT_EQ(show("m.waits(5)"), "5");  // not the result of the other hook
  EXPECT_EQ(left, 1);
  EXPECT_EQ(show("m.f(1)"), "ours");
  second.remove();
}

TEST_F(Hooks, a_bound_c_method_outlives_its_hook) {
  static constexpr Target kTargets[] = {{"sqlite3:Cursor.execute", enter, leave}};
  static constexpr Target kOther[] = {{"sqlite3:Cursor.fetchall", nullptr, replace_result}};
  run("import sqlite3; cur = sqlite3.connect(':memory:').cursor()");
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  run("execute = cur.execute");
  patch.remove();
  ASSERT_EQ(patch.apply(kOther).applied, 1);
  EXPECT_TRUE(is_true("execute('select 1') is cur"));
  EXPECT_EQ(entered, 0);
  patch.remove();
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  EXPECT_TRUE(is_true("execute('select 1') is cur"));
  EXPECT_EQ(entered, 1);
}

std::string items;
void watch_item(Handle item, Scope&) { items += item.display() + ";"; }
void watch_end(Outcome& outcome, Scope& scope) {
  ++left;
  items += scope.get<State>() != nullptr ? "state " : "no state ";
  items += outcome.error ? outcome.error.type_name() : outcome.abandoned() ? "abandoned" : "end";
}
constexpr Watch kWatch = {watch_item, watch_end};
void follows(Outcome& outcome, Scope& scope) {
  (void)outcome.follow(Kind::kIterator, kWatch, scope);
}
void throws_after_following(Outcome& outcome, Scope& scope) {
  follows(outcome, scope);
  throw std::runtime_error("x");
}

constexpr const char* kStreams = R"(
log = []
class Closing:
    tag = 'mine'
    def __iter__(self): return iter([1, 2])
    def close(self): log.append('closed')
def gen(n):
    try:
        for i in range(n): yield i
    finally: log.append('finally')
def bad():
    yield 1
    raise KeyError('x')
def result(what): return what
)";

class Followed : public Hooks {
 protected:
  void SetUp() override {
    Hooks::SetUp();
    items.clear();
    module("streams", kStreams);
    run("import streams\nfrom streams import *");
  }
};

TEST_F(Followed, an_iterable_is_seen_through_and_looks_the_same) {
  static constexpr Target kTargets[] = {{"streams:result", enter, follows}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  run("r = result(Closing())\nassert list(r) == [1, 2]");
  EXPECT_EQ(items, "1;2;state end");
  run("assert isinstance(r, Closing) and r.tag == 'mine'\nr.close()\nassert log == ['closed']");
  EXPECT_EQ(left, 1);
  run("x = result([1, 2, 3])\nassert len(x) == 3 and x[1] == 2 and not hasattr(x, 'close') and x\n"
      "assert not hasattr(x, '__next__')\ndel x");
  EXPECT_EQ(left, 2);
  EXPECT_EQ(show("result(5)"), "5");
}

TEST_F(Followed, errors_close_and_drop_end_it_once) {
  static constexpr Target kTargets[] = {{"streams:result", enter, follows}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  EXPECT_EQ(raised("for _ in result(bad()): pass"), "KeyError: 'x'");
  EXPECT_EQ(items, "1;state KeyError");
  items.clear();
  run("g = result(gen(3))\nassert inspect.isgenerator(g)\nassert g.send(None) == 0\ng.close()");
  EXPECT_EQ(items, "0;state abandoned");
  items.clear();
  run("g = result(gen(3)); next(g); log.clear(); del g\nassert log == ['finally']");
  EXPECT_EQ(items, "0;state abandoned");
  items.clear();
  run("def outer(): return (yield from result(gen(2)))\nassert list(outer()) == [0, 1]");
  EXPECT_EQ(items, "0;1;state end");
}

TEST_F(Followed, a_fault_gives_the_application_its_own_result) {
  static constexpr Target kTargets[] = {{"streams:result", enter, throws_after_following}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  run("own = [1]\nassert result(own) is own");
  EXPECT_EQ(left, 1);
}

TEST_F(Followed, a_generator_function_leaves_at_its_end) {
  static constexpr Target kTargets[] = {
      {.where = "streams:gen", .enter = enter, .leave = leave, .kind = Kind::kIterator}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  run("g = gen(2)\nnext(g)");
  EXPECT_EQ(left, 0);
  run("assert list(g) == [1]");
  EXPECT_EQ(left, 1);
}

TEST_F(Followed, keeps_no_references) {
  static constexpr Target kTargets[] = {{"streams:result", enter, follows}};
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  run("c = Closing()");
  steady("list(result(c)); g = result(gen(2)); next(g); del g; log.clear()", 1000, {"c"});
}

TEST(Versions, are_compared_by_number) {
  EXPECT_TRUE(version_matches("2.10.1", ">=2.9"));
  EXPECT_TRUE(version_matches("2.0", ">=1.2,<3"));
  EXPECT_FALSE(version_matches("3.0.0", ">=1.2, <3"));
  EXPECT_TRUE(version_matches("3.0", "==3.0.0"));
  EXPECT_TRUE(version_matches("", ">=9"));
  EXPECT_TRUE(version_matches("1.0rc1", ">=1.0"));
}

}  // namespace
}  // namespace dd::py
