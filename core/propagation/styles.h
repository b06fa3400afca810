// One header style each: reads a context of its own, or nothing. propagation.cc joins them.

#pragma once

#include "core/propagation/propagation.h"

namespace dd::propagation {

std::optional<ExtractedContext> extract_datadog(const Carrier& carrier, const Options& options);
void inject_datadog(trace::Segment& segment, std::uint64_t span_id, Carrier& carrier,
                    const Options& options);
std::optional<ExtractedContext> extract_tracecontext(const Carrier& carrier);
// What its headers add to a context of another style; `datadog_span` is what Datadog's headers name
// as the parent, or 0. False: they carry another trace, and nothing was done.
bool join_tracecontext(ExtractedContext& primary, std::uint64_t datadog_span,
                       const Carrier& carrier);
inline constexpr std::size_t kTraceParentBytes = 55;
// Of a segment with a trace id.
void write_traceparent(trace::Segment& segment, std::uint64_t span_id,
                       char (&out)[kTraceParentBytes]);
std::optional<ExtractedContext> extract_b3(const Carrier& carrier, bool single);
void inject_b3(const trace::Segment& segment, std::uint64_t span_id, Carrier& carrier, bool single);

}  // namespace dd::propagation
