// Links from a span to what it has written: an object of S3, an item of DynamoDB.
//
// GIL held; nothing here raises.

#pragma once

#include <string>

#include "contrib/support/aws_api.h"
#include "core/py/ref.h"
#include "core/trace/span.h"

namespace dd::contrib::botocore {

// `keys`: {table: [names of its key's attributes]}, for items that are put.
void point(trace::Span& span, const AwsCall& call, py::Handle parameters, py::Handle answer,
           py::Handle keys);

}  // namespace dd::contrib::botocore
