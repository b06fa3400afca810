// What a span tells the program's log, by a function of ddtrace._trace._reports.
//
// GIL held; raises nothing.

#pragma once

#include "core/py/ref.h"

namespace dd::tracing {

// "attribute_left_out" or "metric_left_out".
void tell_log(const char* report, py::Handle name, py::Handle value);

}  // namespace dd::tracing
