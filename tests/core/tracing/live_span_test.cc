#include "core/tracing/live_span.h"

#include <utility>

#include "core/tracing/processors.h"
#include "tests/core/tracing/tracing_test.h"

namespace dd::tests {
namespace {

class LiveSpan : public TracingTest {};

TEST_F(LiveSpan, is_what_python_sees) {
  const tracing::LiveSpan outer = tracing::LiveSpan::start({.name = "web", .type = "web"});
  EXPECT_TRUE(tracing::active_span() == &outer.span());
  run("with tracer.trace('inner') as inner: pass");
  EXPECT_EQ(show("inner._parent.name, inner._parent.span_type"), "('web', 'web')");
  outer.span().set(trace::Key("k"), "v");
  outer.finish();
  EXPECT_FALSE(tracing::active());
  EXPECT_EQ(sink.sizes, std::vector<int>{2});
}

TEST_F(LiveSpan, keeps_the_pending_error) {
  PyErr_SetString(PyExc_KeyError, "application");
  const tracing::LiveSpan span = tracing::LiveSpan::start({.name = "x"});
  span.finish();
  EXPECT_TRUE(PyErr_ExceptionMatches(PyExc_KeyError));
  PyErr_Clear();
}

TEST_F(LiveSpan, is_not_active_when_not_asked) {
  const tracing::LiveSpan span = tracing::LiveSpan::start({.name = "x", .activate = false});
  EXPECT_FALSE(tracing::active());
  const tracing::LiveSpan child = tracing::LiveSpan::start_under(span.object(), {.name = "y"});
  EXPECT_EQ(child.span().parent_id, span.span().id);
  child.finish();
  span.finish();
}

TEST_F(LiveSpan, passes_processors_of_the_application) {
  run(R"(
class Filter:
    def process_trace(self, trace):
        for span in trace: span.set_tag("seen", "yes")
        return [s for s in trace if s.name != "secret"]
class Broken:
    def process_trace(self, trace): raise ValueError
filters = [Broken(), Filter()]
)");
  tracing::set_processors(eval("filters"));
  run("with tracer.trace('a') as a:\n  with tracer.trace('secret'): pass");
  tracing::set_processors(py::Handle());
  trace::Tracer::get().set_hooks({});
  EXPECT_EQ(sink.sizes, std::vector<int>{1});
  EXPECT_EQ(show("a.get_tag('seen')"), "yes");
}

}  // namespace
}  // namespace dd::tests
