#include "contrib/botocore/payloads.h"

#include <string>
#include <vector>

#include "contrib/rules/json_path.h"
#include "contrib/support/integration.h"

namespace dd::contrib::botocore {

struct PayloadSide {
  bool wanted;
  std::vector<JsonPath> hidden;
};

namespace {

constexpr std::size_t kLongestValue = 5000;

constexpr std::string_view kHidden =
    "$..Attributes.KmsMasterKeyId,$..Attributes.Token,"
    "$..AuthParameters.OAuthParameters.OAuthHttpParameters.HeaderParameters[*].Value,"
    "$..AuthParameters.OAuthParameters.OAuthHttpParameters.QueryStringParameters[*].Value,"
    "$..AuthParameters.OAuthParameters.OAuthHttpParameters.BodyParameters[*].Value,"
    "$..AuthParameters.InvocationHttpParameters.HeaderParameters[*].Value,"
    "$..AuthParameters.InvocationHttpParameters.QueryStringParameters[*].Value,"
    "$..AuthParameters.InvocationHttpParameters.BodyParameters[*].Value,"
    "$..Targets[*].RedshiftDataParameters.Sql,$..Targets[*].RedshiftDataParameters.Sqls,"
    "$..Targets[*].AppSyncParameters.GraphQLOperation,$..SSEKMSKeyId,$..SSEKMSEncryptionContext,";
constexpr std::string_view kHiddenInRequests =
    "$..Attributes.PlatformCredential,$..Attributes.PlatformPrincipal,$..AWSAccountId,$..Endpoint,"
    "$..Token,$..OneTimePassword,$..phoneNumber,$..PhoneNumber,"
    "$..AuthParameters.BasicAuthParameters.Password,"
    "$..AuthParameters.OAuthParameters.ClientParameters.ClientSecret,"
    "$..AuthParameters.ApiKeyAuthParameters.ApiKeyValue,$..SSECustomerKey,"
    "$..CopySourceSSECustomerKey,$..RestoreRequest.OutputLocation.S3.Encryption.KMSKeyId,";
constexpr std::string_view kHiddenInResponses =
    "$..Endpoints.*.Token,$..PlatformApplication.*.PlatformCredential,"
    "$..PlatformApplication.*.PlatformPrincipal,$..Subscriptions.*.Endpoint,"
    "$..PhoneNumbers[*].PhoneNumber,$..phoneNumbers[*],$..Credentials.SecretAccessKey,"
    "$..Credentials.SessionToken,";

Name kJsonLoads("loads");

PayloadSide side(const Settings& from, const char* variable, std::string_view known) {
  const std::optional<std::string> set = from.text(variable);
  std::string all = std::string(kHidden).append(known);
  if (set && *set != "all") all += *set;
  return {set && !set->empty(), json_paths(all)};
}

}  // namespace

struct PayloadRules {
  PayloadSide request, response;
  std::string services;  // ",s3,sqs,"
  long long deepest, most;
};

const PayloadRules* payload_rules(const Settings& from) {
  PayloadSide request = side(from, "DD_TRACE_CLOUD_REQUEST_PAYLOAD_TAGGING", kHiddenInRequests);
  PayloadSide response = side(from, "DD_TRACE_CLOUD_RESPONSE_PAYLOAD_TAGGING", kHiddenInResponses);
  if (!request.wanted && !response.wanted) return nullptr;
  return new PayloadRules{.request = std::move(request),
                          .response = std::move(response),
                          .services = "," +
                                      from.text("DD_TRACE_CLOUD_PAYLOAD_TAGGING_SERVICES")
                                          .value_or("s3,sns,sqs,kinesis,eventbridge,dynamodb") +
                                      ",",
                          .deepest = from.number("trace_cloud_payload_tagging", "MAX_DEPTH", 10),
                          .most = from.number("trace_cloud_payload_tagging", "MAX_TAGS", 758)};
}

namespace {

std::string escaped(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '.') out += '\\';
    out += c;
  }
  return out;
}

class Payload {
 public:
  Payload(trace::Span& span, const PayloadRules& rules, const std::vector<JsonPath>& hidden)
      : span_(span), rules_(rules), hidden_(hidden) {}

  void members(const std::string& name, Handle value, long long depth) {
    value.each_pair([&](Handle key, Handle part) {
      const std::string text = key.display();
      step({.name = text}, name + "." + escaped(text), part, depth);
    });
  }

 private:
  void step(const JsonStep& to, const std::string& name, Handle value, long long depth) {
    if (full_) return;
    place_.push_back(to);
    one(name, value, depth);
    place_.pop_back();
  }

  void one(const std::string& name, Handle value, long long depth) {
    for (const JsonPath& path : hidden_)
      if (path.leads_to(place_)) return told(name, "redacted");
    if (depth >= rules_.deepest) return told(name, value.display());
    if (value.is_str() || value.is_bytes()) {
      const Ref parsed = py::imported("json").call_method(kJsonLoads, value);
      return parsed ? one(name, parsed, depth + 1) : told(name, value.display());
    }
    if (value.is_dict()) return members(name, value, depth + 1);
    if (!value.is_list()) return told(name, value.display());
    const long long size = value.size();
    for (long long at = 0; at < size; ++at)
      step({.index = at, .size = size}, name + "." + std::to_string(at), value.item(at), depth + 1);
  }

  void told(const std::string& name, const std::string& text) {
    full_ = told_ >= rules_.most;
    if (full_) return span_.set(trace::Key("_dd.payload_tags_incomplete"), "True");
    ++told_;
    std::size_t end = 0;  // whole characters
    for (std::size_t left = kLongestValue; left > 0 && end < text.size(); --left) do
        ++end;
      while (end < text.size() && (text[end] & 0xC0) == 0x80);
    span_.set(trace::Key(name), std::string_view(text).substr(0, end));
  }

  trace::Span& span_;
  const PayloadRules& rules_;
  const std::vector<JsonPath>& hidden_;
  std::vector<JsonStep> place_;
  long long told_ = 0;
  bool full_ = false;
};

void tag(trace::Span& span, const PayloadRules& rules, const PayloadSide& side,
         std::string_view endpoint, const std::string& name, Handle payload) {
  if (!side.wanted || !payload.is_dict()) return;
  if (rules.services.find("," + std::string(endpoint) + ",") == std::string::npos) return;
  Payload(span, rules, side.hidden).members(name, payload, 0);
}

}  // namespace

void tag_request(trace::Span& span, const PayloadRules& rules, std::string_view endpoint,
                 Handle parameters) {
  tag(span, rules, rules.request, endpoint, "aws.request.body", parameters);
}

void tag_response(trace::Span& span, const PayloadRules& rules, std::string_view endpoint,
                  Handle answer) {
  tag(span, rules, rules.response, endpoint, "aws.response.body", answer.item("ResponseMetadata"));
}

}  // namespace dd::contrib::botocore
