// Runtime metrics of this interpreter: core/statsd sends them, the garbage collector's figures come
// from here.

#pragma once

#include <string>

namespace dd::pyshim {

// With the GIL. `url` empty: as the environment says. False with a ValueError set when the URL cannot
// be used.
bool enable_runtime_metrics(const std::string& url);
void disable_runtime_metrics();
// Start-up: starts them when DD_RUNTIME_METRICS_ENABLED says so. The version, of static storage, is
// for all that comes later too.
void start_runtime_metrics(const char* tracer_version);

}  // namespace dd::pyshim
