// Tags of spans as statistics look at them.

#pragma once

#include <string_view>

#include "core/trace/span.h"

namespace dd::stats {

// Whether the span has that tag as a text, which may be empty.
inline bool text_tag(const trace::Span& span, std::string_view name, std::string_view& out) {
  const trace::Key key(name);
  out = span.text(key);
  if (!out.empty()) return true;
  double number = 0;
  return span.has(key) && !span.number(key, number);
}

}  // namespace dd::stats
