// What a span carries besides its stored attributes: the facts behind its flags, the origin and
// the keep rate. The tracer stores the other trace tags on a chunk's first span. One list for both
// encoders and the local printer. Source: WIRE.md section 2.4.

#pragma once

#include <string_view>

#include "core/trace/segment.h"
#include "core/trace/tracer.h"

namespace dd::encoding {

// Calls text(key, value) for each. Empty values are left out.
template <class F>
void for_each_text_fact(const trace::Span& span, const trace::Delivery& delivery,
                        const trace::ProcessFacts& facts, F&& text) {
  using namespace trace;
  if (span.has(kLocalRoot) && !facts.runtime_id.empty()) text("runtime-id", facts.runtime_id);
  if (span.has(kEnv) && !facts.env.empty()) text("env", facts.env);
  if (span.has(kVersion) && !facts.version.empty()) text("version", facts.version);
  if (delivery.origin.present() && delivery.origin.size) text("_dd.origin", delivery.origin.view());
}

// Calls number(key, value) for each.
template <class F>
void for_each_number_fact(const trace::Span& span, const trace::ProcessFacts& facts,
                          double keep_rate, F&& number) {
  using namespace trace;
  if (span.has(kTopLevel)) number("_dd.top_level", 1.0);
  if (span.has(kMeasured)) number("_dd.measured", 1.0);
  if (span.has(kLocalRoot)) number("process_id", static_cast<double>(facts.pid));
  if (span.has(kChunkHead)) number("_dd.tracer_kr", keep_rate);
}

}  // namespace dd::encoding
