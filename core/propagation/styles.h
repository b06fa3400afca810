// One header style each: reads a context of its own, or nothing. propagation.cc joins them.

#pragma once

#include "core/propagation/propagation.h"

namespace dd::propagation {

std::optional<ExtractedContext> extract_datadog(const Carrier& carrier, const Options& options);
void inject_datadog(trace::Segment& segment, std::uint64_t span_id, Carrier& carrier,
                    const Options& options);
std::optional<ExtractedContext> extract_tracecontext(const Carrier& carrier);
std::optional<ExtractedContext> extract_b3(const Carrier& carrier, bool single);
void inject_b3(const trace::Segment& segment, std::uint64_t span_id, Carrier& carrier,
               bool single);

}  // namespace dd::propagation
