// What a span carries besides its stored attributes: the facts behind its flags and the trace tags
// of a chunk's first span. One list for both encoders and the local printer.
// Source: WIRE.md section 2.4.

#pragma once

#include <charconv>
#include <string_view>

#include "core/trace/segment.h"
#include "core/trace/tracer.h"

namespace dd::encoding {

struct TraceIdText {  // the high half as `_dd.p.tid` has it
  char digits[16];
  explicit TraceIdText(std::uint64_t high) {
    for (int i = 0; i < 16; ++i) digits[i] = "0123456789abcdef"[high >> (60 - 4 * i) & 15];
  }
  std::string_view view() const { return {digits, 16}; }
};

// Calls text(key, value) for each. Empty values are left out.
template <class F>
void for_each_text_fact(const trace::Span& span, const trace::Delivery& delivery,
                        const trace::ProcessFacts& facts, F&& text) {
  using namespace trace;
  if (span.has(kLocalRoot) && !facts.runtime_id.empty()) text("runtime-id", facts.runtime_id);
  if (span.has(kEnv) && !facts.env.empty()) text("env", facts.env);
  if (span.has(kVersion) && !facts.version.empty()) text("version", facts.version);
  if (delivery.origin.present() && delivery.origin.size) text("_dd.origin", delivery.origin.view());
  if (span.has(kChunkHead)) {
    text("language", "python");
    if (!facts.process_tags.empty()) text("_dd.tags.process", facts.process_tags);
    if (delivery.trace_id.high) text("_dd.p.tid", TraceIdText(delivery.trace_id.high).view());
  }
}

// Calls number(key, value) for each.
template <class F>
void for_each_number_fact(const trace::Span& span, const trace::Delivery& delivery,
                          const trace::ProcessFacts& facts, double keep_rate, F&& number) {
  using namespace trace;
  if (span.has(kTopLevel)) number("_dd.top_level", 1.0);
  if (span.has(kMeasured)) number("_dd.measured", 1.0);
  if (span.has(kLocalRoot)) number("process_id", static_cast<double>(facts.pid));
  if (span.has(kChunkHead)) {
    number("_dd.tracer_kr", keep_rate);
    if (delivery.priority) number("_sampling_priority_v1", static_cast<double>(*delivery.priority));
  }
}

}  // namespace dd::encoding
