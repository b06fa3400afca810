// A program that gives spans whatever objects there are: tags, metrics, structured tags, links,
// events, errors, fields. What is sent of it must be right in every form.

#include <memory>

#include "core/encoding/encoder.h"
#include "core/encoding/json_traces.h"
#include "core/encoding/otlp.h"
#include "core/json/json.h"
#include "core/trace/tracer.h"
#include "core/tracing/pack.h"
#include "core/tracing/span_object.h"
#include "core/tracing/tracer_object.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/msgpack.h"
#include "tests/fuzz/python.h"

namespace {

using namespace dd;
using py::Ref;

const trace::ProcessFacts& facts() { return trace::Tracer::get().facts(); }

class Encoding final : public trace::Sink {
 public:
  Encoding()
      : v04_(encoding::make_v04(facts)),
        native_(encoding::make_v04(facts, true)),
        v05_(encoding::make_v05(facts)),
        intake_(encoding::make_intake(facts, intake_facts_)),
        otlp_json_(encoding::make_otlp(facts, {.json = true})),
        otlp_(encoding::make_otlp(facts, {})) {}

  void accept(trace::Delivery* delivery) override {
    for (auto* encoder : {v04_.get(), native_.get(), v05_.get()}) {
      fuzz::MsgpackReader reader(encoded(*encoder, *delivery));
      FUZZ_CHECK(reader.whole());
      FUZZ_CHECK(reader.top == (encoder == v05_.get() ? 2 : 1));
    }
    for (auto* encoder : {intake_.get(), otlp_json_.get()})
      FUZZ_CHECK(json::parse(encoded(*encoder, *delivery)));
    FUZZ_CHECK(!encoded(*otlp_, *delivery).empty());
    // A line of a log says NaN and Infinity, as Python does.
    FUZZ_CHECK(encoding::is_valid_utf8(encoding::log_line(*delivery, facts(), true)));
    trace::Delivery::drop(delivery);
  }

 private:
  std::string_view encoded(encoding::TraceEncoder& encoder, const trace::Delivery& delivery) {
    FUZZ_CHECK(encoder.add(delivery, 64 << 20));
    encoder.take(body_);
    return body_.view();
  }
  const encoding::IntakeFacts intake_facts_;
  encoding::Buffer body_;
  std::unique_ptr<encoding::TraceEncoder> v04_, native_, v05_, intake_, otlp_json_, otlp_;
};

void start() {
  fuzz::start_python(R"(
class Opens:
    def __str__(self):
        with tracer.trace("inside") as span:
            span.set_tag("of", "str")
        return "opened"
made.append(Opens)
def names(kind): return [name for name in dir(kind) if not name.startswith("__")]
FIELDS = ["name", "service", "resource", "span_type", "trace_id", "span_id", "parent_id", "start_ns", "start",
          "duration_ns", "duration", "error", "context", "_parent_context", "_span_api", "_on_finish_callbacks"]
def step(span, choice, field, a, b, c):
    match choice:
        case 0: span.set_tag(a, b)
        case 1: span._set_attribute(a, b)
        case 2: span.set_metric(a, b)
        case 3: span.set_tags(a)
        case 4: span._set_struct_tag(a, {"x": b, "y": [c]})
        case 5: span._set_struct_tag("k", b)
        case 6: span.set_link(a, b, c, 1, {"a": b, "b": c})
        case 7: span.set_link(7, 8, attributes={"a": a, "b": [b, c]})
        case 8: span._add_event("event", {"a": a, "b": b, "c": [c, c]})
        case 9: span._add_event(a, b, c)
        case 10: setattr(span, FIELDS[field % len(FIELDS)], a)
        case 11: span.record_exception(KeyError(a, b), c if isinstance(c, dict) else None)
        case 12:
            try: raise ValueError(a)
            except ValueError as error: span.set_exc_info(type(error), error, error.__traceback__)
        case 13: span.set_exc_info(a, b, c)
        case 14: span.context.set_baggage_item(a, b)
        case 15: span._add_span_pointer(a, b, "x", c)
        case 16: (span.get_tags(), span.get_metrics(), span._get_links(), span._get_events(), repr(span), str(span))
        case 17: span.set_tags({"a": a, "b": b, "c": c})
        case 18: span.set_tag("http.status_code", a)
        case 19: span.set_tag("manual.keep", a)
)");
  Ref main = fuzz::eval("globals()");
  (void)main.set_item(
      "tracer",
      Ref::steal(PyObject_CallNoArgs(reinterpret_cast<PyObject*>(tracing::tracer_type()))));
  trace::Tracer::get().add_sink(new Encoding);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool started = [] {
    start();
    return true;
  }();
  (void)started;
  static const Ref* const step = new Ref(fuzz::eval("step"));
  static const Ref* const trace = new Ref(fuzz::eval("tracer.trace"));
  fuzz::Maker maker(data, size);
  std::vector<Ref> open;
  for (int steps = 0; maker.more() && steps < 40; ++steps) {
    const unsigned choice = maker.below(24);
    if (choice >= 22 && !open.empty()) {
      (void)Ref::steal(PyObject_CallMethod(open.back().ptr(), "finish", nullptr));
      fuzz::forget_error();
      open.pop_back();
    } else if (choice >= 20 || open.empty()) {
      Ref span = Ref::steal(PyObject_CallFunction(trace->ptr(), "s", "name"));
      FUZZ_CHECK(span);
      open.push_back(std::move(span));
    } else {
      const unsigned field = maker.byte();
      const Ref a = maker.object(), b = maker.object(), c = maker.object();
      const std::string packed = tracing::pack(a);
      FUZZ_CHECK(fuzz::MsgpackReader(packed).whole());
      FUZZ_CHECK(!PyErr_Occurred());
      (void)Ref::steal(PyObject_CallFunction(step->ptr(), "OIIOOO", open.back().ptr(), choice,
                                             field, a.ptr(), b.ptr(), c.ptr()));
      fuzz::forget_error();
    }
  }
  for (; !open.empty(); open.pop_back()) {
    (void)Ref::steal(PyObject_CallMethod(open.back().ptr(), "finish", nullptr));
    fuzz::forget_error();
  }
  return 0;
}
