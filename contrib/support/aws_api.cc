#include "contrib/support/aws_api.h"

#include "contrib/support/terms.h"
#include "core/base/ascii.h"
#include "core/trace/tags.h"

namespace dd::contrib {
namespace {

py::Name kAwsEndpoint("_endpoint"), kAwsPrefix("_endpoint_prefix"), kAwsMeta("meta"),
    kAwsRegion("region_name"), kAwsPartition("partition");

// A parameter that is told under two names; by some services also when it was not given.
struct AwsParameter {
  std::string_view endpoint;
  const char* name;
  const char *tag, *other_tag;
  bool always = false;
};
constexpr AwsParameter kAwsParameters[] = {
    {"s3", "Bucket", "bucketname", "aws.s3.bucket_name"},
    {"dynamodb", "TableName", "tablename", "aws.dynamodb.table_name"},
    {"kinesis", "StreamName", "streamname", "aws.kinesis.stream_name"},
    {"redshift", "ClusterIdentifier", "clusteridentifier", "aws.redshift.cluster_identifier"},
    {"lambda", "FunctionName", "functionname", nullptr},
    {"events", "Name", "rulename", nullptr, true},
    {"states", "stateMachineArn", "statemachinearn", nullptr, true},
};

void tag_queue(trace::Span& span, Handle parameters) {
  std::string name;
  if (const Ref url = parameters.item("QueueUrl"); url.is_str()) {
    const std::string_view text = url.utf8();
    const std::size_t end = text.rfind('/');
    if (end != text.npos) {
      name = text.substr(end + 1);
      const std::size_t before = end == 0 ? text.npos : text.rfind('/', end - 1);
      if (before != text.npos && end - before > 1)
        span.set(trace::Key("aws_account"), text.substr(before + 1, end - before - 1));
    }
  } else if (const Ref given = parameters.item("QueueName"); given.is_str()) {
    name = given.text();
  } else {
    return;
  }
  span.set(trace::Key("queuename"), name);
  span.set(trace::Key("aws.sqs.queue_name"), name);
}

// arn:aws:sns:region:account:name
void tag_topic(trace::Span& span, Handle parameters) {
  const Ref arn = parameters.item("TopicArn");
  const std::string_view text = arn.is_str() ? arn.utf8() : std::string_view();
  if (text.empty()) return;
  span.set(trace::Key("aws.sns.topic_arn"), text);
  const std::size_t name = text.rfind(':');
  if (name == text.npos || name == 0) return;
  span.set(trace::Key("topicname"), text.substr(name + 1));
  const std::size_t account = text.rfind(':', name - 1);
  if (account != text.npos)
    span.set(trace::Key("aws_account"), text.substr(account + 1, name - account - 1));
}

void tag_parameters(trace::Span& span, std::string_view endpoint, Handle parameters) {
  if (parameters.size() == 0) return;
  if (endpoint == "sqs") return tag_queue(span, parameters);
  if (endpoint == "sns") return tag_topic(span, parameters);
  for (const AwsParameter& row : kAwsParameters) {
    if (row.endpoint != endpoint) continue;
    const Ref value = parameters.item(row.name);
    const std::string text = value.text();
    if (text.empty() && !row.always) return;
    span.set(trace::Key(row.tag), text);
    if (row.other_tag) span.set(trace::Key(row.other_tag), text);
  }
}

}  // namespace

AwsCall aws_call(const py::Call& call) {
  return {.endpoint = call.self().attr(kAwsEndpoint).attr(kAwsPrefix).text(),
          .operation = call.arg(0).text()};
}

std::string aws_resource(const AwsCall& call) {
  return call.operation.empty() ? call.endpoint
                                : call.endpoint + "." + base::lowered(call.operation);
}

void tag_aws_call(trace::Span& span, const AwsCall& call, const AwsTold& told, Handle client,
                  Handle parameters) {
  span.set_static(trace::Key("aws.agent"), told.agent);
  span.set(trace::Key("aws.operation"), call.operation);
  const Ref meta = client.attr(kAwsMeta), region = meta.attr(kAwsRegion);
  if (region.is_str()) {
    span.set(trace::Key("aws.region"), region.utf8());
    span.set(trace::Key("region"), region.utf8());
    if (const std::string partition = meta.attr(kAwsPartition).text(); !partition.empty())
      span.set(trace::Key("aws.partition"), partition);
  }
  if (told.service) span.set(trace::Key("aws_service"), call.endpoint);
  if (told.parameters) tag_parameters(span, call.endpoint, parameters);
}

int tag_aws_answer(trace::Span& span, Handle answer) {
  const Ref metadata = answer.item("ResponseMetadata");
  if (!metadata.is_dict()) return 0;
  const Ref status = metadata.item("HTTPStatusCode"), retries = metadata.item("RetryAttempts");
  if (status.is_int()) span.set(tags::kHttpStatusCode, status.display());
  if (retries.is_int())
    span.set(trace::Key("retry_attempts"), static_cast<std::int64_t>(retries.integer()));
  for (const auto& [name, tag] :
       {std::pair("RequestId", "aws.requestid"), std::pair("HostId", "aws.requestid2")})
    if (const Ref value = metadata.item(name); value.is_str() && value.size() != 0)
      span.set(trace::Key(tag), value.utf8());
  return static_cast<int>(status.integer());
}

}  // namespace dd::contrib
