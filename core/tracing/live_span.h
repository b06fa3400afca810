// Spans as Python sees them: every started span has one Python object (`ddtrace.trace.Span`), which
// is also what the context variable `datadog_contextvar` holds while the span is active. This
// header is how C++ that runs under Python (engines, the public API) starts, activates, reads and
// finishes.
//
// All functions need the GIL and leave the pending Python error as it was. None of them raises.
// Source: SPAN.md sections 7 to 9.

#pragma once

#include <cstdint>
#include <string_view>

#include "core/py/ref.h"
#include "core/trace/span.h"

namespace dd::tracing {

struct SpanStart {
  std::string_view name;
  std::string_view service{};   // null data: by the rules of inheritance
  std::string_view resource{};  // null data: the name
  std::string_view type{};
  bool activate = true;
  bool measured = false;
  std::int64_t start_ns = 0;  // 0: now
  // Texts that live for ever, in place of the above; the service's source with it.
  trace::Text known_name{}, known_service{}, known_source{};
};

// Owns the Python object of one span.
class [[nodiscard]] LiveSpan {
 public:
  LiveSpan() = default;
  // Child of what is active in this context: a span, a remote context, or nothing (a new root).
  static LiveSpan start(const SpanStart& what);
  // Child of the given Span or Context object.
  static LiveSpan start_under(py::Handle parent, const SpanStart& what);

  // A Span object that somebody started before; empty for anything else.
  static LiveSpan of(py::Handle span_object);

  explicit operator bool() const { return static_cast<bool>(object_); }
  bool open() const;                             // started and not finished
  py::Handle object() const { return object_; }  // a ddtrace Span
  trace::Span& span() const;                     // writable: thawed first when sealed
  // Records a Python exception: error flag, type, message, stack (SPAN.md section 4).
  void fail(py::Handle exception) const;
  // The same with a part of its traceback.
  void fail(py::Handle exception, py::Handle traceback) const;
  void finish(std::int64_t end_ns = 0) const;  // and the parent is active again
  void forget();  // as if it had never been started: it is not sent, and the parent is active again

 private:
  explicit LiveSpan(py::Ref object) : object_(static_cast<py::Ref&&>(object)) {}
  py::Ref object_;
};

// The active Span or Context object of this context after the rules of `active()`, or empty.
py::Ref active();
// The native span behind `active()`, or null when nothing or a bare context is active.
const trace::Span* active_span();
// The native span of a ddtrace Span object, or null.
const trace::Span* native(py::Handle span_object);
// Makes a Span, a Context or None the active one.
void activate(py::Handle span_or_context);

}  // namespace dd::tracing
