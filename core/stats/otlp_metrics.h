// Statistics as a metric of OpenTelemetry: the body of POST /v1/metrics, JSON, with one histogram
// of durations for each group and outcome. Source: WRITER.md section 6 "OTLP variant".

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/stats/bucket.h"
#include "core/trace/tracer.h"

namespace dd::stats {

std::string otlp_metrics(const Over& over, std::int64_t bucket_ns, const trace::ProcessFacts& facts,
                         std::string_view tracer_version);

}  // namespace dd::stats
