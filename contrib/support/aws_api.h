// Shared engine of clients of Amazon's API: what a call's names, parameters and answer mean to its
// span.
//
// GIL held; nothing here raises.

#pragma once

#include <string>
#include <string_view>

#include "core/py/hook.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

struct AwsCall {
  std::string endpoint;   // "sqs", as the service calls itself
  std::string operation;  // "SendMessage"
};
// Of a client's _make_api_call(operation_name, api_params).
AwsCall aws_call(const py::Call& call);

// "sqs.sendmessage"
std::string aws_resource(const AwsCall& call);

struct AwsTold {
  std::string_view agent;  // "botocore": also its component
  bool parameters = true;  // names of queues, tables, buckets
  bool service = true;     // aws_service
};
void tag_aws_call(trace::Span& span, const AwsCall& call, const AwsTold& told, py::Handle client,
                  py::Handle parameters);
// Of an answer, or of the `response` of a ClientError. The status, or 0.
int tag_aws_answer(trace::Span& span, py::Handle answer);

}  // namespace dd::contrib
