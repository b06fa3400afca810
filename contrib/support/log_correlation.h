// Which trace and service a log record belongs to: "dd.trace_id", "dd.span_id", "dd.service",
// "dd.version" and "dd.env", all text.
//
// GIL held; nothing here raises.

#pragma once

#include "core/py/name.h"
#include "core/py/ref.h"

namespace dd::contrib {

struct LogKeys {
  py::Name trace_id{"dd.trace_id"}, span_id{"dd.span_id"}, service{"dd.service"},
      version{"dd.version"}, env{"dd.env"};
};
extern LogKeys log_keys;

// Writes all five into a dictionary, for what is active here; "0" and "0" outside of a span.
void put_log_correlation(py::Handle record);
// The same as attributes of an object. One without a dictionary yet does not get one by it: that is
// half the cost of a record.
void put_log_attributes(py::Handle record);

}  // namespace dd::contrib
