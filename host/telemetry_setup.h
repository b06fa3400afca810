// Instrumentation telemetry of this process: what only Python knows, collected for core/telemetry.

#pragma once

namespace dd::host {

// There is something to tell: from now on it is sent. Any thread.
void begin_telemetry();

// What has been imported, for the list of dependencies. With the GIL.
void tell_modules();

}  // namespace dd::host
