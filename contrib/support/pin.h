// `ddtrace.trace.Pin` on objects of the application: a service and tags for the spans of one
// connection, client or session.
//
// Looking costs one load and one branch until the first pin has been put on something. GIL held;
// nothing here raises.

#pragma once

#include <string>

#include "core/py/ref.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

// From now on objects are asked for their pins.
void expect_pins();
bool pins_expected();
// The pin of an object that takes no attributes, kept beside it; empty to take it off.
void keep_pin(py::Handle object, py::Handle pin);
py::Ref kept_pin(py::Handle object);

class Pin {
 public:
  // The pin of `object`, or of its class; empty when there is none.
  static Pin of(py::Handle object);
  Pin() = default;

  explicit operator bool() const { return static_cast<bool>(pin_); }
  // Empty when the pin names none.
  std::string service() const;
  void tag(trace::Span& span) const;

 private:
  explicit Pin(py::Ref&& pin) : pin_(std::move(pin)) {}
  py::Ref pin_;
};

}  // namespace dd::contrib
