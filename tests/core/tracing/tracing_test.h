// Names for the tests of this folder: Span, Context and a tracer, and the sizes of sent chunks.

#pragma once

#include <vector>

#include "core/trace/tracer.h"
#include "core/tracing/activation.h"
#include "core/tracing/context_object.h"
#include "core/tracing/span_object.h"
#include "core/tracing/tracer_object.h"
#include "tests/core/py/interpreter.h"

namespace dd::tests {

class CollectingSink : public trace::Sink {
 public:
  void accept(trace::Delivery* delivery) override {
    sizes.push_back(static_cast<int>(delivery->count));
    trace::Delivery::drop(delivery);
  }
  std::vector<int> sizes;
};

class TracingTest : public PythonTest {
 public:
  TracingTest() {
    trace::Tracer::get().remove_sinks();
    trace::Tracer::get().add_sink(&sink);
    set("Span", reinterpret_cast<PyObject*>(tracing::span_type()));
    set("Context", reinterpret_cast<PyObject*>(tracing::context_type()));
    set("tracer",
        py::Ref::steal(PyObject_CallNoArgs(reinterpret_cast<PyObject*>(tracing::tracer_type()))));
    tracing::set_active(py::Handle());
  }
  ~TracingTest() override {
    tracing::set_active(py::Handle());
    trace::Tracer::get().remove_sinks();
  }
  CollectingSink sink;
};

}  // namespace dd::tests
