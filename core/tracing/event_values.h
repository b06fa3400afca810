// Events of a Span from Python values. Source: SPAN.md section 5.

#pragma once

#include <cstdint>
#include <string_view>

#include "core/py/ref.h"
#include "core/tracing/span_object.h"

namespace dd::tracing {

// Booleans, integers, numbers and texts keep their kind, lists become arrays, the rest is str().
// False with an error set only for what is not an Exception.
bool add_event_of(SpanObject* self, std::string_view name, py::Handle attributes,
                  std::uint64_t time_unix_ns);

}  // namespace dd::tracing
