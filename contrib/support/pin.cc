#include "contrib/support/pin.h"

#include <atomic>
#include <utility>

#include "contrib/support/side_table.h"

namespace dd::contrib {
namespace {

constinit std::atomic<bool> expected{false};
constinit SideTable beside;

py::Name kPin("_datadog_pin"), kService("service"), kTags("tags");

}  // namespace

void expect_pins() { expected.store(true, std::memory_order_relaxed); }

bool pins_expected() { return expected.load(std::memory_order_relaxed); }

void keep_pin(py::Handle object, py::Handle pin) {
  if (pin)
    beside.put(object, pin);
  else
    beside.remove(object);
}

py::Ref kept_pin(py::Handle object) { return beside.get(object); }

Pin Pin::of(py::Handle object) {
  if (!pins_expected() || !object) return {};
  py::Ref pin = object.attr(kPin);
  if (!pin) pin = kept_pin(object);
  return pin && !pin.is_none() ? Pin(std::move(pin)) : Pin();
}

std::string Pin::service() const { return pin_.attr(kService).text(); }

void Pin::tag(trace::Span& span) const {
  pin_.attr(kTags).each_pair([&span](py::Handle key, py::Handle value) {
    span.set(trace::Key(key.text()), value.display());
  });
}

}  // namespace dd::contrib
