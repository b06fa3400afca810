// State of ours that belongs to what runs, or to an object of the application.

#include "core/py/attached.h"
#include "core/py/callback.h"
#include "core/py/context.h"
#include "core/py/hook.h"
#include "tests/core/py/interpreter.h"

namespace dd::py {
namespace {

int alive = 0;
struct Counted {
  explicit Counted(int number_) : number(number_) { ++alive; }
  Counted(Counted&& other) noexcept : number(other.number) { ++alive; }
  ~Counted() { --alive; }
  int number;
};

constinit ContextVariable current("dd_test");

PyObject* read_current(PyObject*, PyObject*) {
  const Ref value = current.value();
  if (const Counted* counted = unboxed<Counted>(value)) return PyLong_FromLong(counted->number);
  return Py_NewRef(value ? value.ptr() : Py_None);
}
PyMethodDef kRead = {"read", read_current, METH_NOARGS, nullptr};

void enter_with(Call& call, Scope& scope) { scope.emplace<InForce>(current, call.arg(0).share()); }
void leave_with(Outcome&, Scope&) {}
struct Waiting {
  Ref value;
  InForce in_force;
};
void enter_later(Call& call, Scope& scope) { scope.emplace<Waiting>(call.arg(0).share()); }
void begin_now(Scope& scope) {
  auto& waiting = *scope.get<Waiting>();
  waiting.in_force = InForce(current, static_cast<Ref&&>(waiting.value));
}

class State : public tests::PythonTest {
 protected:
  void SetUp() override {
    const Ref read = Ref::steal(PyCFunction_New(&kRead, nullptr));
    set("read", read);
    module("s", R"(
import asyncio
read = None
def call(x, then): return then()
async def later(x):
    before = read()
    await asyncio.sleep(0)
    return before, read()
)");
    run("import s, asyncio, threading, gc\ns.read = read");
  }
};

TEST_F(State, a_value_is_in_force_until_the_call_ends) {
  static constexpr Target kTargets[] = {{"s:call", enter_with, leave_with}};
  Patch patch;
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  EXPECT_EQ(show("s.call(1, lambda: (read(), s.call(2, read), read())), read()"),
            "((1, 2, 1), None)");
  EXPECT_EQ(raised("s.call(1, lambda: 1/0)"), "ZeroDivisionError: division by zero");
  EXPECT_FALSE(current.is_set());
  run("out = []\n"
      "def other(): s.call(1, lambda: None); out.append(read())\n"
      "def work():\n"
      "  t = threading.Thread(target=lambda: out.append(read())); t.start(); t.join()\n"
      "s.call(5, work)\n"
      "assert out == [None]");
  run("o = object()");
  steady("s.call(o, read)", 1000, {"o"});
  patch.remove();
}

TEST_F(State, tasks_have_their_own) {
  static constexpr Target kTargets[] = {{.where = "s:later",
                                         .enter = enter_later,
                                         .leave = leave_with,
                                         .kind = Kind::kAwaitable,
                                         .begin = begin_now}};
  Patch patch;
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  run("async def main():\n"
      "  return await asyncio.gather(s.later(1), s.later(2)), read(), await s.later(3), read()");
  EXPECT_EQ(show("asyncio.run(main())"), "([(1, 1), (2, 2)], None, (3, 3), None)");
  // Dropped half way, somewhere else: nothing changes there.
  run("def half():\n"
      "  c = s.later(7); c.send(None); return c\n"
      "import contextvars\n"
      "kept = contextvars.copy_context().run(half)\n"
      "assert read() is None\n"
      "kept = None\n"
      "assert read() is None");
  patch.remove();
}

TEST_F(State, a_box_holds_a_value_for_a_variable) {
  alive = 0;
  {
    const InForce outer(current, box(Counted(5)));
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(show("read()"), "5");
    EXPECT_EQ(unboxed<int>(current.value()), nullptr);
    EXPECT_EQ(unboxed<Counted>(eval("None")), nullptr);
    const InForce inner(current, boolean(true));
    EXPECT_EQ(show("read()"), "True");
  }
  EXPECT_FALSE(current.is_set());
  EXPECT_EQ(alive, 0);
}

TEST_F(State, attached_state_goes_with_its_object) {
  static constinit Attached<Counted> table;
  alive = 0;
  run("class A: pass\na = A(); b = A(); b.me = b");
  const Ref a = eval("a"), b = eval("b");
  ASSERT_NE(table.attach(a, Counted(1)), nullptr);
  ASSERT_NE(table.attach(b, Counted(2)), nullptr);
  EXPECT_EQ(table.find(a)->number, 1);
  EXPECT_EQ(table.find(b)->number, 2);
  EXPECT_EQ(table.find(eval("A()")), nullptr);
  ASSERT_NE(table.attach(a, Counted(3)), nullptr);
  EXPECT_EQ(table.find(a)->number, 3);
  EXPECT_EQ(alive, 2);
  EXPECT_TRUE(is_true("vars(a) == {} and dir(a) == dir(A())"));
  EXPECT_EQ(table.attach(eval("5"), Counted(1)), nullptr);  // no weak references
  EXPECT_EQ(PyErr_Occurred(), nullptr);
  EXPECT_EQ(alive, 2);
  table.detach(a);
  EXPECT_EQ(alive, 1);
  for (int i = 0; i < 100; ++i) (void)table.attach(eval("A()"), Counted(i));
  EXPECT_EQ(table.size(), 1u);
}

TEST_F(State, a_cycle_with_attached_state_is_collected) {
  static constinit Attached<Counted> table;
  alive = 0;
  run("class A: pass\nb = A(); b.me = b");
  ASSERT_NE(table.attach(eval("b"), Counted(2)), nullptr);
  run("del b; gc.collect()");
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(table.size(), 0u);
}

int finished = 0;
constinit Name kResult("result"), kAddDoneCallback("add_done_callback");
void done(Call& call, Counted& counted) {
  finished += counted.number;
  finished += static_cast<int>(call.arg(0).call_method(kResult).integer());
  PyErr_SetString(PyExc_ValueError, "left behind");
}
void leave_open(Outcome& outcome, Scope&) {
  (void)outcome.result.call_method(kAddDoneCallback, callback(done, Counted(100)));
}

TEST_F(State, a_hook_can_finish_later) {
  static constexpr Target kTargets[] = {{"s:submit", nullptr, leave_open}};
  run("import concurrent.futures\n"
      "def submit(): return concurrent.futures.Future()\n"
      "s.submit = submit");
  Patch patch;
  ASSERT_EQ(patch.apply(kTargets).applied, 1);
  alive = finished = 0;
  run("f = s.submit()");
  EXPECT_EQ(alive, 1);
  run("f.set_result(5)");
  EXPECT_EQ(finished, 105);
  run("del f");
  EXPECT_EQ(alive, 0);
  steady("f = s.submit(); f.set_result(1); del f");
  patch.remove();
}

}  // namespace
}  // namespace dd::py
