// The member `ot=` of tracestate: how OpenTelemetry tells a probabilistic sampling decision.
//
// A decision is only noted in the segment, which costs nothing; the text is made when headers (or
// an OTLP payload) need it. All functions: under segment.mutex. Source: PROPAGATION.md section 5,
// "OTel probability sampling member".

#pragma once

#include <string>
#include <string_view>

#include "core/trace/segment.h"

namespace dd::trace::otel {

// The value of an inbound member with what is invalid left out: rv, th, then the other fields.
// Empty when nothing is left.
std::string tidy(std::string_view value);
// Whether tidy() leaves the value as it is; false when that takes a closer look.
bool is_tidy(std::string_view value);
// This process decided with a probability, or without one (by hand, by the limiter).
void note_rate(Segment& segment, double rate, bool keep);
void note_no_rate(Segment& segment);
// The whole member, of a trace without an inbound one that was decided with a probability.
inline constexpr std::size_t kMostMember = 40;
std::size_t write_member(const Segment& segment, char (&out)[kMostMember]);
// Writes what was noted into the segment's `tracestate`.
void settle(Segment& segment);

}  // namespace dd::trace::otel
