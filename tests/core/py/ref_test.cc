#include "core/py/ref.h"

#include "core/py/error.h"
#include "core/py/gil.h"
#include "tests/core/py/interpreter.h"

namespace dd::py {
namespace {

constinit Name kName("name"), kMissing("missing"), kAngry("angry");

class Reading : public tests::PythonTest {};

TEST_F(Reading, an_attribute_that_is_absent_is_empty) {
  const Ref object = eval("type('T', (), {'name': 'flask'})()");
  EXPECT_EQ(object.attr(kName).text(), "flask");
  EXPECT_FALSE(object.attr(kMissing));
  EXPECT_FALSE(object.attr(kMissing).attr(kName).attr(kName));
  EXPECT_EQ(object.attr(kMissing).text(), "");
}

TEST_F(Reading, an_exception_in_a_property_is_swallowed) {
  run("class T:\n  @property\n  def angry(self): raise ValueError('no')\nt = T()");
  EXPECT_FALSE(eval("t").attr(kAngry));
  EXPECT_EQ(PyErr_Occurred(), nullptr);
}

TEST_F(Reading, an_interrupt_in_a_property_is_raised_when_the_phase_ends) {
  for (const char* what : {"KeyboardInterrupt", "SystemExit", "GeneratorExit",
                           "__import__('asyncio').CancelledError"}) {
    run(std::string("class T:\n  @property\n  def angry(self): raise ") + what + "('x')\nt = T()");
    const Ref object = eval("t");
    EXPECT_FALSE(object.attr(kAngry));
    EXPECT_EQ(PyErr_Occurred(), nullptr);
    EXPECT_TRUE(interrupt_kept());
    EXPECT_FALSE(object.attr(kMissing));  // reading goes on
    EXPECT_EQ(end_phase(), PhaseEnd::kInterrupt);
    const Ref error = take_exception();
    EXPECT_TRUE(error.instance_of(eval(what)));
    EXPECT_TRUE(error.attr("__traceback__"));
  }
}

TEST_F(Reading, text_of_what_is_not_utf8_is_lossy) {
  EXPECT_EQ(eval("'h\\u00e9'").text(), "h\xc3\xa9");
  EXPECT_EQ(eval("'a\\ud800b'").text(), "a?b");
  EXPECT_EQ(eval("b'a\\xffb'").text(),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(eval("5").text(), "");
  EXPECT_EQ(eval("5").display(), "5");
  const Ref lone = eval("'\\ud800'");
  EXPECT_TRUE(lone.utf8().empty());
}

TEST_F(Reading, numbers_have_a_fallback) {
  EXPECT_EQ(eval("42").integer(), 42);
  EXPECT_EQ(eval("True").integer(), 1);
  EXPECT_EQ(eval("2**80").integer(7), 7);
  EXPECT_EQ(eval("'x'").integer(7), 7);
  EXPECT_EQ(eval("1.5").number(), 1.5);
  EXPECT_EQ(eval("3").number(), 3.0);
  EXPECT_EQ(eval("10**400").number(-1), -1.0);
  EXPECT_TRUE(eval("[1]").truth());
  EXPECT_TRUE(eval("__import__('types').SimpleNamespace()").truth());
}

TEST_F(Reading, items_by_key_and_by_index) {
  const Ref table = eval("{'name': 1, 2: 'two'}");
  EXPECT_EQ(table.item(kName).integer(), 1);
  EXPECT_EQ(table.item("name").integer(), 1);
  EXPECT_FALSE(table.item(kMissing));
  EXPECT_FALSE(table.item(eval("[]")));  // not hashable
  EXPECT_EQ(eval("[1, 2, 3]").item(-1).integer(), 3);
  EXPECT_FALSE(eval("(1, 2)").item(5));
  EXPECT_EQ(eval("'abc'").item(Py_ssize_t{1}).text(), "b");
  EXPECT_FALSE(eval("5").item(Py_ssize_t{0}));
  EXPECT_EQ(eval("__import__('os').environ").item("no such thing").size(), -1);
}

TEST_F(Reading, iteration_ends_at_an_error) {
  run("def g():\n  yield 1\n  yield 2\n  raise ValueError");
  long long sum = 0;
  eval("g()").each([&](Handle item) { sum += item.integer(); });
  EXPECT_EQ(sum, 3);
  int pairs = 0;
  eval("{'a': 1, 'b': 2}").each_pair([&](Handle, Handle) { ++pairs; });
  eval("__import__('collections').OrderedDict(a=1)").each_pair([&](Handle, Handle) { ++pairs; });
  EXPECT_EQ(pairs, 3);
}

TEST_F(Reading, a_call_that_raises_is_empty) {
  EXPECT_EQ(eval("max").call(eval("1"), eval("5")).integer(), 5);
  EXPECT_FALSE(eval("int").call(eval("'x'")));
  EXPECT_EQ(eval("'a,b'").call_method(Name("split"), eval("','")).size(), 2);
}

TEST_F(Reading, a_module_is_never_imported) {
  EXPECT_TRUE(imported("sys"));
  EXPECT_FALSE(imported("this"));
  EXPECT_FALSE(imported("no.such.module"));
}

TEST_F(Reading, type_names_have_no_module) {
  EXPECT_EQ(eval("__import__('collections').OrderedDict()").type_name(), "OrderedDict");
  EXPECT_EQ(Handle().type_name(), "");
}

TEST_F(Reading, keeps_no_references) {
  run("class T:\n  name = 'x'\nt = T()");
  const Ref object = eval("t");
  const Py_ssize_t before = Py_REFCNT(object.ptr());
  for (int i = 0; i < 1000; ++i) {
    (void)object.attr(kName).text();
    (void)object.attr(kMissing);
    (void)object.type();
    (void)object.size();
    (void)object.item(kName);
  }
  EXPECT_EQ(Py_REFCNT(object.ptr()), before);
}

class Errors : public tests::PythonTest {};

TEST_F(Errors, a_pending_error_survives_our_reading) {
  const Ref error = eval("KeyError('mine')");
  PyErr_SetObject(PyExc_KeyError, error.ptr());
  {
    ErrorKeep keep;
    EXPECT_TRUE(keep);
    EXPECT_TRUE(keep.instance().is(error));
    EXPECT_FALSE(eval("int").call(eval("'x'")));
    EXPECT_EQ(PyErr_Occurred(), nullptr);
  }
  EXPECT_TRUE(take_exception().is(error));
}

TEST_F(Errors, an_interrupt_supersedes_with_context) {
  const Ref error = eval("KeyError('mine')");
  const Ref interrupt = eval("KeyboardInterrupt()");
  PyErr_SetObject(PyExc_KeyError, error.ptr());
  {
    ErrorKeep keep;
    keep.supersede(interrupt.share());
  }
  const Ref now = take_exception();
  EXPECT_TRUE(now.is(interrupt));
  EXPECT_TRUE(now.attr("__context__").is(error));
}

TEST_F(Errors, an_exception_left_behind_is_dropped) {
  PyErr_SetString(PyExc_ValueError, "ours");
  EXPECT_EQ(end_phase(), PhaseEnd::kFaulty);
  EXPECT_EQ(PyErr_Occurred(), nullptr);
  EXPECT_EQ(end_phase(), PhaseEnd::kClean);
}

TEST(Gil, a_scope_nests) {
  EXPECT_TRUE(interpreter_alive());
  GilScope outer;
  EXPECT_TRUE(outer);
  const GilGap gap;
  GilScope inner;
  EXPECT_TRUE(inner);
}

}  // namespace
}  // namespace dd::py
