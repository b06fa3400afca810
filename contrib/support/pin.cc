#include "contrib/support/pin.h"

#include <atomic>
#include <utility>

namespace dd::contrib {
namespace {

constinit std::atomic<bool> expected{false};

py::Name kPin("_datadog_pin"), kService("service"), kTags("tags");

}  // namespace

void expect_pins() { expected.store(true, std::memory_order_relaxed); }

Pin Pin::of(py::Handle object) {
  if (!expected.load(std::memory_order_relaxed) || !object) return {};
  py::Ref pin = object.attr(kPin);
  return pin && !pin.is_none() ? Pin(std::move(pin)) : Pin();
}

std::string Pin::service() const { return pin_.attr(kService).text(); }

void Pin::tag(trace::Span& span) const {
  pin_.attr(kTags).each_pair([&span](py::Handle key, py::Handle value) {
    span.set(trace::Key(key.text()), value.display());
  });
}

}  // namespace dd::contrib
