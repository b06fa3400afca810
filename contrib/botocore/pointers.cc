#include "contrib/botocore/pointers.h"

#include <map>
#include <string>
#include <string_view>

#include "contrib/support/integration.h"
#include "core/trace/link.h"

namespace dd::contrib::botocore {
namespace {

Name kSha256("sha256"), kHexDigest("hexdigest");

void add(trace::Span& span, std::string_view kind, const std::string& parts) {
  const std::string digest =
      py::imported("hashlib").call_method(kSha256, py::bytes(parts)).call_method(kHexDigest).text();
  if (digest.size() < 32) return;
  trace::Link* link = trace::add_link(span, {}, 0, {}, std::nullopt, true);
  if (!link) return;
  trace::set_link_attribute(span, *link, "link.kind", "span-pointer");
  trace::set_link_attribute(span, *link, "ptr.dir", "d");
  trace::set_link_attribute(span, *link, "ptr.hash", std::string_view(digest).substr(0, 32));
  trace::set_link_attribute(span, *link, "ptr.kind", kind);
}

void point_at_object(trace::Span& span, Handle bucket, Handle key, Handle etag) {
  std::string tag = etag.text();
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"')
    tag = tag.substr(1, tag.size() - 2);
  if (bucket.is_str() && key.is_str() && !tag.empty())
    add(span, "aws.s3.object", bucket.text() + "|" + key.text() + "|" + tag);
}

// table|name|value|name|value, of one or two attributes by name: {"S": "a"}, {"N": "1"}, {"B": b""}
void point_at_item(trace::Span& span, Handle table, Handle key) {
  std::map<std::string, std::string> parts;
  key.each_pair([&](Handle name, Handle value) {
    value.each_pair([&](Handle, Handle plain) { parts[name.text()] = plain.text(); });
  });
  if (!table.is_str() || parts.empty() || parts.size() > 2) return;
  std::string text = table.text();
  for (const auto& [name, value] : parts) text += "|" + name + "|" + value;
  add(span, "aws.dynamodb.item", parts.size() == 1 ? text + "||" : text);
}

void point_at_put(trace::Span& span, Handle table, Handle item, Handle keys) {
  const Ref key = py::dict();
  keys.item(table).each([&](Handle name) {
    if (const Ref value = item.item(name)) (void)key.set_item(name, value);
  });
  point_at_item(span, table, key);
}

// One of a batch: the request for one item.
void point_at_request(trace::Span& span, Handle table, Handle request, Handle keys) {
  if (const Ref put = request.item("PutRequest"))
    point_at_put(span, table, put.item("Item"), keys);
  else if (const Ref gone = request.item("DeleteRequest"))
    point_at_item(span, table, gone.item("Key"));
}

void point_at_step(trace::Span& span, Handle step, Handle keys) {
  if (const Ref put = step.item("Put"))
    return point_at_put(span, put.item("TableName"), put.item("Item"), keys);
  for (const char* kind : {"Delete", "Update"})
    if (const Ref what = step.item(kind))
      point_at_item(span, what.item("TableName"), what.item("Key"));
}

}  // namespace

void point(trace::Span& span, const AwsCall& call, Handle parameters, Handle answer, Handle keys) {
  const std::string_view operation = call.operation;
  if (call.endpoint == "s3") {
    const Ref copied = answer.item("CopyObjectResult");
    const Handle made = operation == "CopyObject" ? Handle(copied) : answer;
    if (operation == "PutObject" || operation == "CopyObject" ||
        operation == "CompleteMultipartUpload")
      point_at_object(span, parameters.item("Bucket"), parameters.item("Key"), made.item("ETag"));
    return;
  }
  if (call.endpoint != "dynamodb") return;
  if (operation == "PutItem")
    point_at_put(span, parameters.item("TableName"), parameters.item("Item"), keys);
  if (operation == "UpdateItem" || operation == "DeleteItem")
    point_at_item(span, parameters.item("TableName"), parameters.item("Key"));
  if (operation == "BatchWriteItem") {
    const Ref left = answer.item("UnprocessedItems");
    parameters.item("RequestItems").each_pair([&](Handle table, Handle requests) {
      const Ref undone = left.item(table);
      requests.each([&](Handle request) {
        if (!undone || !undone.contains(request)) point_at_request(span, table, request, keys);
      });
    });
  }
  if (operation == "TransactWriteItems")
    parameters.item("TransactItems").each([&](Handle step) { point_at_step(span, step, keys); });
}

}  // namespace dd::contrib::botocore
