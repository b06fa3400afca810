// Client-side statistics of traces: what the agent says about them, the buckets, the requests.
//
// On while the agent takes them and lets us drop. Until it has answered, traces are sent whole and
// not counted: the agent does it. Without an agent they are on by default, and the intake takes
// them. Source: WRITER.md sections 4 and 6.

#pragma once

#include <string>

#include "core/stats/concentrator.h"
#include "core/transport/exporter.h"

namespace dd::transport::stats_sink {

bool wanted();                 // by the settings
void apply(Options& options);  // before the exporter is made
// The same without an agent: on from the first trace, sent to the intake at `url`. False: it cannot
// be used.
bool apply_intake(Options& options, const std::string& url, Headers headers, stats::Sender sender);
// The same as metrics of OpenTelemetry, for OTEL_TRACES_SPAN_METRICS_ENABLED, or because both
// traces and metrics are OpenTelemetry's.
bool wanted_by_collector();
bool apply_collector(Options& options, const std::string& tracer_version, bool traces_too);
// After the exporter, so that its last traces are counted when the timer is called a last time.
void start();
// Waits a little for what the agent says, which decides whether traces are counted here. Any thread
// but the worker, without the GIL.
void settle();
// Sends what was counted so far, also of the ten seconds that are not over, and waits for the
// answer as long as the time allows. Any thread but the worker, without the GIL.
void flush(std::int64_t timeout_ns);

}  // namespace dd::transport::stats_sink
