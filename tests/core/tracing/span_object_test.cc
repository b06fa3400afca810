#include "tests/core/tracing/tracing_test.h"

namespace dd::tests {
namespace {

class SpanObject : public TracingTest {};

struct TagCase {
  const char* name;
  const char* call;
  const char* tags;
  const char* metrics;
};

// What the reference shows for each value.
constexpr TagCase kTags[] = {
    {"text", "s.set_tag('k', 'v')", "{'k': 'v'}", "{}"},
    {"an int becomes a metric", "s.set_tag('k', 5)", "{}", "{'k': 5}"},
    {"a float becomes a metric", "s.set_tag('k', 1.5)", "{}", "{'k': 1.5}"},
    {"not a number is dropped", "s.set_tag('k', float('nan'))", "{}", "{}"},
    {"True is text", "s.set_tag('k', True)", "{'k': 'True'}", "{}"},
    {"None is text", "s.set_tag('k')", "{'k': 'None'}", "{}"},
    {"bytes are shown", "s.set_tag('k', b'x')", "{'k': \"b'x'\"}", "{}"},
    {"bytes as an attribute are decoded", "s._set_attribute('k', b'x')", "{'k': 'x'}", "{}"},
    {"a bytes key is decoded", "s.set_tag(b'k', 'v')", "{'k': 'v'}", "{}"},
    {"other keys are ignored", "s.set_tag(5, 'v')", "{}", "{}"},
    {"too large an int is text", "s.set_tag('k', 2**63)", "{'k': '9223372036854775808'}", "{}"},
    {"the smallest int fits", "s.set_tag('k', -2**63)", "{}", "{'k': -9223372036854775808}"},
    {"the status code is text", "s.set_tag('http.status_code', 200)", "{'http.status_code': '200'}",
     "{}"},
    {"a port is a number", "s.set_tag('network.destination.port', '80')", "{}",
     "{'network.destination.port': 80}"},
    {"measured without a value", "s.set_tag('_dd.measured')", "{}", "{'_dd.measured': 1}"},
    {"the version is stored twice", "s.set_tag('service.version', '5')",
     "{'version': '5', 'service.version': '5'}", "{}"},
    {"the later kind replaces", "s.set_tag('k', 'v'); s.set_metric('k', 1)", "{}", "{'k': 1}"},
    {"a metric is a float of what has one", "s.set_metric('k', '2')", "{}", "{'k': 2.0}"},
    {"a metric that is none", "s.set_metric('k', 'x')", "{}", "{}"},
    {"keep stores nothing", "s.set_tag('manual.keep', False)", "{}", "{}"},
    {"removing", "s.set_tags({'a': 1, 'b': 'c'}); s.remove_tag('a')", "{'b': 'c'}", "{}"},
};

TEST_F(SpanObject, coerces_tags_as_the_reference) {
  for (const TagCase& row : kTags) {
    SCOPED_TRACE(row.name);
    run("s = Span('n')");
    run(row.call);
    EXPECT_EQ(show("s.get_tags()"), row.tags);
    EXPECT_EQ(show("s.get_metrics()"), row.metrics);
  }
}

struct FieldCase {
  const char* name;
  const char* expression;
  const char* value;
};

constexpr FieldCase kFields[] = {
    {"the resource is the name", "s.resource", "n"},
    {"a wrong name is empty", "put('name', 5)", ""},
    {"a wrong service is none", "put('service', 5)", "None"},
    {"a wrong start is zero", "put('start', 'x')", "0.0"},
    {"start in seconds", "put('start', 1.5)", "1.5"},
    {"a wrong duration is none", "put('duration', 'x')", "None"},
    {"a large duration is cut", "put('duration_ns', 2**70)", "9223372036854775807"},
    {"an error flag", "put('error', True)", "1"},
    {"an error that is none", "put('error', 2**40)", "0"},
    {"a parent of zero is none", "put('parent_id', 0)", "None"},
    {"given ids stay", "Span('n', trace_id=2**70, span_id=6).trace_id == 2**70", "True"},
    {"keep decides the trace", "[s.set_tag('manual.keep'), s.context.sampling_priority][1]", "2"},
};

TEST_F(SpanObject, has_total_setters) {
  for (const FieldCase& row : kFields) {
    SCOPED_TRACE(row.name);
    run("s = Span('n')\ndef put(k, v):\n  setattr(s, k, v)\n  return getattr(s, k)");
    EXPECT_EQ(show(row.expression), row.value);
  }
}

TEST_F(SpanObject, survives_text_conversion_that_traces) {
  run(R"(
class Traces:
    def __str__(self):
        with tracer.trace("inner"):
            s.set_tag("k", "from inside")
        s.finish()
        return "outer"
class Raises:
    def __str__(self): raise ValueError
class Interrupts:
    def __str__(self): raise KeyboardInterrupt
with tracer.trace("outer") as s:
    s.set_tag("k", Traces())
    s.set_tag("r", Raises())
)");
  EXPECT_EQ(show("s.get_tag('k')"), "outer");
  EXPECT_EQ(show("s.get_tag('r')"), "None");
  EXPECT_EQ(raised("s.set_tag('i', Interrupts())"), "KeyboardInterrupt");
}

TEST_F(SpanObject, records_an_exception_and_lets_it_pass) {
  run(R"(
try:
    with tracer.trace("x") as s:
        raise ValueError("no")
except ValueError as e:
    seen = str(e)
)");
  EXPECT_EQ(show("seen"), "no");
  EXPECT_EQ(show("s.error, s.get_tag('error.type'), s.get_tag('error.message')"),
            "(1, 'builtins.ValueError', 'no')");
  EXPECT_TRUE(
      is_true("'raise ValueError' in s.get_tag('error.stack') or "
              "'ValueError: no' in s.get_tag('error.stack')"));
}

TEST_F(SpanObject, takes_a_clean_exit_for_no_error) {
  run("try:\n  with tracer.trace('x') as s: raise SystemExit(0)\nexcept SystemExit: pass");
  EXPECT_EQ(show("s.error"), "0");
  run("try:\n  with tracer.trace('x') as s: raise SystemExit()\nexcept SystemExit: pass");
  EXPECT_EQ(show("s.error"), "1");
}

TEST_F(SpanObject, accepts_writes_after_it_was_sent) {
  run("with tracer.trace('a') as a:\n  with tracer.trace('b') as b: pass\nb.set_tag('late', 'x')");
  EXPECT_EQ(sink.sizes, std::vector<int>{2});
  EXPECT_EQ(show("b.get_tag('late'), b._parent is a, b._local_root is a"), "('x', True, True)");
}

TEST_F(SpanObject, can_be_subclassed_referenced_weakly_and_not_pickled) {
  run("import weakref, pickle, gc\nclass Mine(Span): pass\nm = Mine('x')\nm.me = m\n"
      "w = weakref.ref(m)\ndel m\ngc.collect()");
  EXPECT_EQ(show("w()"), "None");
  EXPECT_TRUE(raised("pickle.dumps(Span('x'))").starts_with("TypeError: cannot pickle"));
  EXPECT_TRUE(raised("Span('x').foo = 1").starts_with("AttributeError"));
}

TEST_F(SpanObject, runs_callbacks_once) {
  run("seen = []\ns = Span('x', on_finish=[seen.append])\ns.finish()\ns.finish()");
  EXPECT_EQ(show("len(seen), seen[0] is s"), "(1, True)");
}

TEST_F(SpanObject, leaks_nothing) {
  steady(
      "with tracer.trace('a', service='s') as a:\n  a.set_tag('k', 'v')\n"
      "  with tracer.trace('b') as b:\n    b.set_metric('m', 2.5)\n"
      "c = a.context\nb.get_tags()\ndel a, b, c");
  steady("s = Span('x')\ns._on_finish_callbacks.append(s.set_tag)\ndel s\nimport gc\ngc.collect()",
         50);
}

TEST_F(SpanObject, takes_a_long_chain_of_parents_apart) {
  run("p = None\nfor i in range(100000): p = tracer.start_span('x', child_of=p)\ndel p");
}

}  // namespace
}  // namespace dd::tests
