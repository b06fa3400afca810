// Traces in what is sent to queues, topics, streams, buses, state machines and functions, and in
// what queues and streams give.
//
// GIL held; nothing here raises.

#pragma once

#include <string>

#include "contrib/support/aws_api.h"
#include "core/py/ref.h"

namespace dd::contrib::botocore {

// The span's: "sqs.command"; under schema v1 aws.sqs.send, aws.lambda.invoke, aws.s3.request.
std::string name_of(const AwsCall& call);
// Whether it asks for messages or records.
bool is_poll(const AwsCall& call);

// The parameters of a call with the span's trace in them; empty when they carry none. Nothing that
// is the caller's is changed. `legacy`: the place in a function's context of older receivers.
py::Ref with_trace(const AwsCall& call, py::Handle parameters, py::Handle span, bool legacy);
// The parameters of ReceiveMessage that ask for the trace, too.
py::Ref asking_for_trace(py::Handle parameters);

// The messages or records that a poll gave; empty for none.
py::Ref received(const AwsCall& call, py::Handle answer);
// The Context that the first of them carries, or empty.
py::Ref context_of(const AwsCall& call, py::Handle received);

}  // namespace dd::contrib::botocore
