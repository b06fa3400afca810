#include "contrib/botocore/messages.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "contrib/support/integration.h"
#include "core/py/error.h"
#include "core/tracing/carrier.h"

namespace dd::contrib::botocore {
namespace {

constexpr const char* kCarrier = "_datadog";
constexpr Py_ssize_t kMostAttributes = 10;
constexpr std::size_t kMostOfRecord = 1 << 20, kMostOfDetail = 1 << 18;

Name kDumps("dumps"), kLoads("loads"), kDecode("b64decode"), kEncode("b64encode");

Ref json_of(Handle value) { return py::imported("json").call_method(kDumps, value); }
Ref parsed(Handle text) {
  Ref value = text ? py::imported("json").call_method(kLoads, text) : Ref();
  return value.is_dict() ? std::move(value) : Ref();
}

Ref copy_of(Handle mapping) {
  Ref made = py::dict();
  if (mapping)
    mapping.each_pair([&](Handle key, Handle value) { (void)made.set_item(key, value); });
  return made;
}
Ref with(Handle mapping, const char* key, Handle value) {
  Ref made = copy_of(mapping);
  (void)made.set_item(key, value);
  return made;
}

// Each entry of the list under `key`, changed where `change` gives another one.
template <class Change>
Ref with_entries(Handle parameters, const char* key, Change&& change) {
  const Ref given = parameters.item(key);
  if (!given.is_list() && !given.is_tuple()) return {};
  const Ref all = py::list();
  given.each([&](Handle entry) {
    const Ref changed = entry.is_dict() ? change(entry) : Ref();
    (void)all.append(changed ? Handle(changed) : entry);
  });
  return with(parameters, key, all);
}

// {..., "MessageAttributes": {..., "_datadog": {"DataType": ..., kind: value}}}
Ref with_attribute(Handle message, const char* type, const char* kind, Handle value) {
  const Ref given = message.item("MessageAttributes");
  if (given.size() >= kMostAttributes) return {};
  const Ref attribute = py::dict();
  (void)attribute.set_item("DataType", py::str(type));
  (void)attribute.set_item(kind, value);
  const Ref attributes = with(given, kCarrier, attribute);
  return with(message, "MessageAttributes", attributes);
}

// The text of an object, with the headers in it; empty for what is no object or would be too long.
Ref object_with(Handle text, Handle headers, std::size_t most) {
  const Ref object = parsed(text);
  if (!object) return {};
  (void)object.set_item(kCarrier, headers);
  Ref made = json_of(object);
  if (text.text().ends_with('\n')) made = py::str(made.text() + "\n");
  return made.text().size() <= most ? std::move(made) : Ref();
}

Ref record_with(Handle record, Handle headers) {
  const Ref changed = object_with(record.item("Data"), headers, kMostOfRecord);
  return changed ? with(record, "Data", changed) : Ref();
}

Ref event_with(Handle entry, Handle headers) {
  const Ref given = entry.item("Detail"), nothing = py::str("{}");
  const Ref changed = object_with(given ? Handle(given) : Handle(nothing), headers, kMostOfDetail);
  return changed ? with(entry, "Detail", changed) : Ref();
}

Ref context_with(Handle parameters, Handle headers, bool legacy) {
  const Ref base64 = py::imported("base64");
  const Ref given = parameters.item("ClientContext");
  const Ref context = given ? parsed(base64.call_method(kDecode, given)) : py::dict();
  if (!context) return {};
  const Ref custom = copy_of(context.item("custom"));
  if (legacy)
    (void)custom.set_item(kCarrier, headers);
  else
    headers.each_pair([&](Handle key, Handle value) { (void)custom.set_item(key, value); });
  (void)context.set_item("custom", custom);
  const Ref coded = base64.call_method(kEncode, py::bytes(json_of(context).text()));
  return coded ? with(parameters, "ClientContext", py::str(coded.text())) : Ref();
}

bool is(const AwsCall& call, std::string_view endpoint, std::string_view operation) {
  return call.endpoint == endpoint && call.operation == operation;
}

}  // namespace

bool is_poll(const AwsCall& what) {
  return (what.endpoint == "sqs" && what.operation == "ReceiveMessage") ||
         (what.endpoint == "kinesis" && what.operation == "GetRecords");
}

std::string name_of(const AwsCall& what) {
  if (settings().naming.facts().schema == Schema::kV0) return what.endpoint + ".command";
  constexpr struct {
    std::string_view endpoint, operation, name;
  } kMessaging[] = {{"sqs", "SendMessage", "aws.sqs.send"},
                    {"sqs", "SendMessageBatch", "aws.sqs.send"},
                    {"sqs", "ReceiveMessage", "aws.sqs.receive"},
                    {"sns", "Publish", "aws.sns.send"},
                    {"sns", "PublishBatch", "aws.sns.send"},
                    {"kinesis", "PutRecord", "aws.kinesis.send"},
                    {"kinesis", "PutRecords", "aws.kinesis.send"},
                    {"events", "PutEvents", "aws.events.send"},
                    {"states", "StartExecution", "aws.stepfunctions.send"},
                    {"states", "StartSyncExecution", "aws.stepfunctions.send"},
                    {"lambda", "Invoke", "aws.lambda.invoke"}};
  for (const auto& row : kMessaging)
    if (row.endpoint == what.endpoint && row.operation == what.operation)
      return std::string(row.name);
  return "aws." + what.endpoint + ".request";
}

Ref with_trace(const AwsCall& call, Handle parameters, Handle span, bool legacy) {
  if (!parameters.is_dict()) return {};
  const auto headers = [span] {
    Ref made = py::dict();
    tracing::inject(span, made);
    return made;
  };
  const auto to_queue = [&](Handle message) {
    return with_attribute(message, "String", "StringValue", json_of(headers()));
  };
  const auto to_topic = [&](Handle message) {
    return with_attribute(message, "Binary", "BinaryValue", py::bytes(json_of(headers()).text()));
  };
  if (is(call, "sqs", "SendMessage")) return to_queue(parameters);
  if (is(call, "sqs", "SendMessageBatch")) return with_entries(parameters, "Entries", to_queue);
  if (is(call, "sns", "Publish")) return to_topic(parameters);
  if (is(call, "sns", "PublishBatch"))
    return with_entries(parameters, "PublishBatchRequestEntries", to_topic);
  const auto to_stream = [&](Handle record) { return record_with(record, headers()); };
  if (is(call, "kinesis", "PutRecord")) return to_stream(parameters);
  if (is(call, "kinesis", "PutRecords")) return with_entries(parameters, "Records", to_stream);
  if (is(call, "events", "PutEvents"))
    return with_entries(parameters, "Entries",
                        [&](Handle entry) { return event_with(entry, headers()); });
  if (is(call, "states", "StartExecution") || is(call, "states", "StartSyncExecution")) {
    const Ref changed = object_with(parameters.item("input"), headers(), kMostOfDetail);
    return changed ? with(parameters, "input", changed) : Ref();
  }
  if (is(call, "lambda", "Invoke")) return context_with(parameters, headers(), legacy);
  return {};
}

Ref asking_for_trace(Handle parameters) {
  if (!parameters.is_dict()) return {};
  const Ref names = py::list();
  bool known = false;
  parameters.item("MessageAttributeNames").each([&](Handle name) {
    const std::string_view text = name.utf8();
    known = known || text == kCarrier || text == "All" || text == ".*";
    (void)names.append(name);
  });
  if (known) return {};
  (void)names.append(py::str(kCarrier));
  return with(parameters, "MessageAttributeNames", names);
}

Ref received(const AwsCall& call, Handle answer) {
  Ref all = answer.item(call.endpoint == "sqs" ? "Messages" : "Records");
  return all.is_list() && all.size() > 0 ? std::move(all) : Ref();
}

Ref context_of(const AwsCall& call, Handle received) {
  const Ref first = received.item(Py_ssize_t{0});
  Ref headers;
  if (call.endpoint == "sqs") {
    const Ref attribute = first.item("MessageAttributes").item(kCarrier);
    const Ref text = attribute.item("StringValue"), data = attribute.item("BinaryValue");
    headers = parsed(text ? Handle(text) : Handle(data));
    if (!headers) {  // what a topic passes on has a message inside
      const Ref inside = parsed(first.item("Body")).item("MessageAttributes").item(kCarrier);
      const Ref value = inside.item("Value");
      headers = inside.item("Type").text() == "Binary"
                    ? parsed(py::imported("base64").call_method(kDecode, value))
                    : parsed(value);
    }
  } else {
    headers = parsed(first.item("Data")).item(kCarrier);
  }
  Ref context = headers.is_dict() ? tracing::extract(headers) : Ref();
  return context && tracing::continues(context) ? std::move(context) : Ref();
}

}  // namespace dd::contrib::botocore
