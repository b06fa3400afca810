// `ddtrace._native.Statsd`: the base of `ddtrace.vendor.dogstatsd.DogStatsd`. It makes the lines of
// metrics and hands them to core/statsd; what is not called often is in Python.

#pragma once

#include <Python.h>

namespace dd::pyshim {

PyTypeObject* statsd_type();  // made on first use; null with an error set

}  // namespace dd::pyshim
