// Client-side statistics of traces: what the agent says about them, the buckets, the requests.
//
// On while the agent takes them and lets us drop. Until it has answered, traces are sent whole and
// not counted: the agent does it. Source: WRITER.md section 6.

#pragma once

#include "core/transport/exporter.h"

namespace dd::transport::stats_sink {

bool wanted();                 // by the settings
void apply(Options& options);  // before the exporter is made
// After the exporter, so that its last traces are counted when the timer is called a last time.
void start();

}  // namespace dd::transport::stats_sink
