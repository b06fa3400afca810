// Classes as targets: what is hooked is the call that makes an instance, of that class alone.

#include "core/py/hook.h"
#include "tests/core/py/every_fault.h"
#include "tests/core/py/interpreter.h"

namespace dd::py {
namespace {

int begun = 0, ended = 0;
std::string told;

void begin(Call& call, Scope&) {
  ++begun;
  told = call.self() ? "self " : "";
  told += call.arg(0).display();
}
void end(Outcome& outcome, Scope&) {
  ++ended;
  told += outcome.error ? " raised " + std::string(outcome.error.type_name())
                        : " made " + std::string(outcome.result.type_name());
}

constexpr const char* kClasses = R"(
import abc, dataclasses, enum
class Plain:
    def __init__(self, a=1): self.a = a
class Bare: pass
class Below(Plain): pass
class Made:
    def __new__(cls, a): return super().__new__(cls) if a else None
class Fails:
    def __init__(self, key): raise KeyError(key)
class Abstract(abc.ABC):
    def __init__(self, a=1): self.a = a
class Sibling(abc.ABC): pass
class Meta(type):
    def __call__(cls, *args): return super().__call__(*args)
class Odd(metaclass=Meta):
    def __init__(self, a=1): self.a = a
@dataclasses.dataclass
class Data:
    a: int = 1
class Outer:
    class Inner:
        def __init__(self, a=1): self.a = a
class Slotted:
    __slots__ = ("a",)
    def __init__(self, a=1): self.a = a
class Colour(enum.Enum):
    RED = 1
)";

class Classes : public tests::PythonTest {
 protected:
  void SetUp() override {
    begun = ended = 0;
    told.clear();
    module("k", kClasses);
    run("import k, abc, copy, datetime, inspect, pickle, collections, functools");
  }
  void TearDown() override {
    patch.remove();
    PythonTest::TearDown();
  }
  Patch patch;
};

constexpr Target kAll[] = {{"k:Plain", begin, end},
                           {"k:Bare", begin, end},
                           {"k:Made", begin, end},
                           {"k:Fails", begin, end},
                           {"k:Abstract", begin, end},
                           {"k:Odd", begin, end},
                           {"k:Data", begin, end},
                           {"k:Outer.Inner", begin, end},
                           {"k:Slotted", begin, end},
                           {"k:Colour", begin, end},
                           {"collections:deque", begin, end},
                           {"datetime:date", begin, end},
                           {"builtins:dict", begin, end}};

TEST_F(Classes, are_hooked_where_they_are_called) {
  ASSERT_EQ(patch.apply(kAll).applied, 13);
  struct Case {
    const char* call;
    const char* told;
  };
  constexpr Case kCases[] = {
      {"k.Plain(7).a", "7 made Plain"},
      {"k.Plain(a=7).a", " made Plain"},
      {"k.Plain(*[7], **{}).a", "7 made Plain"},
      {"functools.partial(k.Plain, 7)().a", "7 made Plain"},
      {"list(map(k.Plain, [7]))[0].a", "7 made Plain"},
      {"k.Bare()", " made Bare"},
      {"k.Made(1)", "1 made Made"},
      {"k.Made(0)", "0 made NoneType"},
      {"k.Abstract(7).a", "7 made Abstract"},
      {"k.Odd(7).a", "7 made Odd"},
      {"k.Data(7).a", "7 made Data"},
      {"k.Outer.Inner(7).a", "7 made Inner"},
      {"k.Slotted(7).a", "7 made Slotted"},
      {"k.Colour(1)", "1 made Colour"},
      {"collections.deque('a')", "a made deque"},
      {"datetime.date(2020, 1, 2)", "2020 made date"},
      {"dict([(1, 2)])", "[(1, 2)] made dict"},
  };
  for (const Case& one : kCases) {
    const int before = begun;
    (void)show(one.call);
    EXPECT_EQ(begun, before + 1) << one.call;
    EXPECT_EQ(told, one.told) << one.call;
  }
}

TEST_F(Classes, are_hooked_in_instructions_that_know_them_already) {
  run("def make():\n  for _ in range(200): k.Plain(1), k.Abstract(1), k.Slotted(1), "
      "dict(a=1)\nmake()");
  static constexpr Target kSome[] = {{"k:Plain", begin, end},
                                     {"k:Abstract", begin, end},
                                     {"k:Slotted", begin, end},
                                     {"builtins:dict", begin, end}};
  ASSERT_EQ(patch.apply(kSome).applied, 4);
  run("make()");
  EXPECT_EQ(begun, 800);
  patch.remove();
  run("make()");
  EXPECT_EQ(begun, 800);
  EXPECT_EQ(ended, 800);
}

TEST_F(Classes, others_are_not_hooked_with_them) {
  static constexpr Target kOne[] = {{"k:Plain", begin, end}, {"k:Abstract", begin, end}};
  ASSERT_EQ(patch.apply(kOne).applied, 2);
  run("k.Below(3); k.Sibling()\n"
      "class Later(k.Plain): pass\n"
      "class Late(k.Abstract): pass\n"
      "Later(); Late(); object.__new__(k.Plain); k.Plain.__new__(k.Plain)\n"
      "copy.copy(Later()); k.Odd()");
  EXPECT_EQ(begun, 0);
  run("copy.copy(k.Plain(2))");
  EXPECT_EQ(begun, 1);
}

TEST_F(Classes, look_as_before_and_are_put_back_exactly) {
  run("every = [k.Plain, k.Bare, k.Made, k.Fails, k.Abstract, k.Odd, k.Data, k.Outer.Inner, "
      "k.Slotted,\n"
      "         k.Colour, collections.deque, datetime.date, dict]\n"
      "def look(c):\n"
      "  try: signature = str(inspect.signature(c))\n"
      "  except ValueError: signature = None\n"
      "  return (id(c), repr(c), type(c), id(type(c)), c.__mro__, c.__bases__, signature, "
      "c.__flags__,\n"
      "          sorted(vars(c)), c.__module__, c.__qualname__, c.__doc__, c.__subclasses__(),\n"
      "          pickle.dumps(c), copy.deepcopy(c) is c, inspect.isclass(c), callable(c), "
      "hash(c))\n"
      "pickle.dumps(k.Plain())\n"  // makes __slotnames__
      "def meta(c): return type(c).__flags__, type(c).__mro__\n"
      "looks, metas = [look(c) for c in every], [meta(c) for c in every]");
  ASSERT_EQ(patch.apply(kAll).applied, 13);
  constexpr const char* kChanges =
      "[(a, b) for c, w in zip(every, looks) for a, b in zip(w, look(c)) if a != b]";
  EXPECT_EQ(show(kChanges), "[]");
  EXPECT_TRUE(is_true("isinstance(k.Plain(), k.Plain) and type(k.Plain()) is k.Plain"));
  EXPECT_TRUE(is_true("pickle.loads(pickle.dumps(k.Plain(4))).a == 4"));
  EXPECT_TRUE(is_true("type('D', (k.Abstract,), {})(5).a == 5"));
  EXPECT_EQ(show("type(k.Abstract)"), "<class 'abc.ABCMeta'>");
  patch.remove();
  run("__import__('gc').collect()");  // the subclass above
  EXPECT_EQ(show(kChanges), "[]");
  EXPECT_TRUE(is_true("metas == [meta(c) for c in every]"));
  EXPECT_TRUE(is_true("type(k.Plain.__init__) is type(lambda: 0)"));
  const int before = begun;
  run("k.Plain(); k.Abstract(); k.Odd(); dict()");
  EXPECT_EQ(begun, before);
}

TEST_F(Classes, of_one_metaclass_are_put_back_in_any_order) {
  static constexpr Target kFirst[] = {{"k:Abstract", begin, end}};
  static constexpr Target kSecond[] = {{"k:Sibling", begin, end}};
  run("flags = abc.ABCMeta.__flags__");
  Patch second;
  ASSERT_EQ(patch.apply(kFirst).applied, 1);
  ASSERT_EQ(second.apply(kSecond).applied, 1);
  patch.remove();
  run("k.Abstract(); k.Sibling()");
  EXPECT_EQ(begun, 1);
  second.remove();
  run("k.Abstract(); k.Sibling()");
  EXPECT_EQ(begun, 1);
  EXPECT_TRUE(is_true("flags == abc.ABCMeta.__flags__"));
}

TEST_F(Classes, the_exception_of_an_init_is_the_applications) {
  ASSERT_EQ(patch.apply(kAll).applied, 13);
  run("key = object()\n"
      "try: k.Fails(key)\n"
      "except KeyError as e: error = e\n"
      "frames, tb = [], error.__traceback__\n"
      "while tb: frames.append(tb.tb_frame.f_code.co_name); tb = tb.tb_next");
  EXPECT_TRUE(is_true("error.args[0] is key and error.__context__ is None"));
  EXPECT_EQ(show("frames"), "['<module>', '__init__']");
  EXPECT_NE(told.find("raised KeyError"), std::string::npos);
  EXPECT_EQ(raised("k.Plain(1, 2)").substr(0, 9), "TypeError");
  EXPECT_EQ(raised("k.Bare(1)").substr(0, 9), "TypeError");
}

TEST_F(Classes, a_fault_at_each_step_changes_neither_instance_nor_exception) {
  run("arg = object()\n"
      "def check():\n"
      "  made = k.Plain(arg)\n"
      "  assert type(made) is k.Plain and made.a is arg and k.Abstract(arg).a is arg\n"
      "  try: k.Fails(arg)\n"
      "  except KeyError as e: assert e.args[0] is arg and e.__context__ is None\n"
      "  else: assert False");
  [[maybe_unused]] const int steps = tests::with_every_fault(kAll, [&] { run("check()"); });
#ifdef DD_CHECKS
  EXPECT_GT(steps, 8);
#endif
}

TEST_F(Classes, keep_no_references) {
  ASSERT_EQ(patch.apply(kAll).applied, 13);
  run("arg = object()");
  steady(
      "k.Plain(arg); k.Abstract(a=arg); k.Odd(arg); k.Made(arg)\ntry: k.Fails(arg)\nexcept "
      "KeyError: pass",
      1000, {"arg"});
  patch.remove();
  for (int i = 0; i < 100; ++i) {
    Patch one;
    ASSERT_EQ(one.apply(kAll).applied, 13);
    one.remove();
  }
  run("import gc, weakref\ngone = weakref.ref(k.Plain)\ndel k.Below, k.Plain\ngc.collect()\n");
  run("every = looks = None; gc.collect()");
  EXPECT_TRUE(is_true("gone() is None"));
}

TEST_F(Classes, that_instructions_stand_for_are_refused) {
  static constexpr Target kRefused[] = {{"builtins:type", begin, end},
                                        {"builtins:str", begin, end}};
  const PatchReport report = patch.apply(kRefused);
  EXPECT_EQ(report.applied, 0);
  EXPECT_EQ(report.missing.size(), 2u);
}

}  // namespace
}  // namespace dd::py
