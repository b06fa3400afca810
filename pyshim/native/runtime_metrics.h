// Runtime metrics of this interpreter: core/statsd sends them, the garbage collector's figures come
// from here.

#pragma once

#include <string>

namespace dd::pyshim {

// With the GIL. `url` empty: as the environment says. False with a ValueError set when the URL
// cannot be used.
bool enable_runtime_metrics(const std::string& url);
void disable_runtime_metrics();
// Start-up: of static storage.
void name_tracer_version(const char* version);
// Whether the settings ask for them from the start on.
bool runtime_metrics_wanted();

}  // namespace dd::pyshim
