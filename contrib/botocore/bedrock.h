// Models of Amazon Bedrock: a span for each answer, until it or its stream is complete.

#pragma once

#include <string_view>

#include "contrib/support/aws_api.h"
#include "core/py/hook.h"

namespace dd::contrib::botocore {

// False for calls of other kinds. `service` is "aws.bedrock-runtime", `source` who says so.
bool enter_bedrock(const AwsCall& what, py::Handle parameters, py::Scope& scope,
                   std::string_view service, std::string_view source);
// False for hooks that the above did not take.
bool leave_bedrock(py::Outcome& outcome, py::Scope& scope);

}  // namespace dd::contrib::botocore
