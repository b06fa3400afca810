#include "contrib/support/inferred_span.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "contrib/support/integration.h"
#include "core/http/url.h"
#include "core/trace/tags.h"

namespace dd::contrib {
namespace {

using http::HeaderReader;

struct Gateway {
  std::string_view header, name;
  std::string_view key;  // what its resource's key begins with, after the region
};
constexpr Gateway kGateways[] = {{"aws-apigateway", "aws.apigateway", "::/restapis/"},
                                 {"aws-httpapi", "aws.httpapi", "::/apis/"},
                                 {"azure-apim", "azure.apim", ""}};

// Headers and the tags that repeat them.
struct Repeated {
  std::string_view header, tag;
};
constexpr Repeated kRepeated[] = {
    {"x-dd-proxy-httpmethod", "http.method"},
    {"x-dd-proxy-resource-path", "http.route"},
    {"x-dd-proxy-stage", "stage"},
    {"x-dd-proxy-account-id", "account_id"},
    {"x-dd-proxy-api-id", "apiid"},
    {"x-dd-proxy-region", "region"},
    {"x-dd-proxy-user", "aws_user"},
    {"user-agent", "http.useragent"},
};

constexpr trace::Key kInferred("_dd.inferred_span"), kResourceKey("dd_resource_key"),
    kProject("gcloud.project_id"), kDestination("messaging.destination.name"),
    kMessageId("messaging.message_id"), kOperation("messaging.operation"),
    kSystem("messaging.system");

std::string get(const HeaderReader& headers, std::string_view name) {
  return std::string(headers.read(headers.from, name));
}

LiveSpan start(Handle continued, const tracing::SpanStart& what) {
  return continued ? LiveSpan::start_under(continued, what) : LiveSpan::start(what);
}

void tag_source(trace::Span& span, bool named, std::string_view component) {
  const NamingFacts& process = settings().naming.facts();
  span.set_static(tags::kComponent, component);
  if (named || process.service_is_users)
    span.set_static(tags::kServiceSource, "m");
  else
    span.set_static(tags::kServiceSource, component);
}

LiveSpan start_gateway(const HeaderReader& headers, Handle continued) {
  const std::string kind = get(headers, "x-dd-proxy");
  const Gateway* gateway = nullptr;
  for (const Gateway& known : kGateways)
    if (kind == known.header) gateway = &known;
  if (!gateway) return {};
  const std::string time = get(headers, "x-dd-proxy-request-time-ms");
  std::int64_t began = 0;
  const auto end = std::from_chars(time.data(), time.data() + time.size(), began);
  if (time.empty() || end.ec != std::errc() || end.ptr != time.data() + time.size()) return {};

  const std::string domain = get(headers, "x-dd-proxy-domain-name"),
                    path = get(headers, "x-dd-proxy-path"),
                    route = get(headers, "x-dd-proxy-resource-path"),
                    region = get(headers, "x-dd-proxy-region"),
                    api = get(headers, "x-dd-proxy-api-id");
  const Settings& all = settings();
  const std::string resource =
      get(headers, "x-dd-proxy-httpmethod").append(" ").append(route.empty() ? path : route);
  LiveSpan made =
      start(continued, {.name = gateway->name,
                        .service = domain.empty() ? std::string_view(all.naming.facts().service)
                                                  : std::string_view(domain),
                        .resource = resource,
                        .type = "web",
                        .start_ns = began * 1'000'000});
  if (!made) return made;
  trace::Span& span = made.span();
  tag_source(span, !domain.empty(), gateway->header);
  span.set_static(tags::kSpanKind, "server");
  span.set(tags::kHttpUrl, http::shown_url(std::string("https://").append(domain).append(path),
                                           all.show_server_query, all.redactor()));
  for (const Repeated& row : kRepeated)
    if (const std::string value = get(headers, row.header); !value.empty())
      span.set(trace::Key(row.tag), value);
  if (!gateway->key.empty() && !region.empty() && !api.empty())
    span.set(kResourceKey,
             std::string("arn:aws:apigateway:") + region + std::string(gateway->key) + api);
  return made;
}

// "projects/<project>/subscriptions/<name>"
LiveSpan start_push(const HeaderReader& headers, Handle continued) {
  const std::string whole = get(headers, "x-goog-pubsub-subscription-name");
  if (whole.empty()) return {};
  std::string_view name = whole, project;
  constexpr std::string_view kProjects = "projects/", kSubscriptions = "/subscriptions/";
  const std::size_t middle = whole.find(kSubscriptions);
  if (whole.starts_with(kProjects) && middle != std::string::npos) {
    project = name.substr(kProjects.size(), middle - kProjects.size());
    name.remove_prefix(middle + kSubscriptions.size());
  }
  LiveSpan made = start(continued, {.name = "gcp.pubsub.receive",
                                    .service = settings().naming.facts().service,
                                    .resource = name,
                                    .type = "worker",
                                    .measured = true});
  if (!made) return made;
  trace::Span& span = made.span();
  tag_source(span, false, "google_cloud_pubsub");
  span.set_static(tags::kSpanKind, "consumer");
  span.set_static(kSystem, "pubsub");
  span.set_static(kOperation, "receive");
  span.set(kDestination, name);
  span.set(kProject, project);
  if (const std::string id = get(headers, "x-goog-pubsub-message-id"); !id.empty())
    span.set(kMessageId, id);
  return made;
}

// self: the span in front of the one that has ended.
PyObject* end_front(PyObject* self, PyObject* ended) {
  const Handle front_object = PyTuple_GET_ITEM(self, 0);
  const bool always = Handle(PyTuple_GET_ITEM(self, 1)).is_true();
  const trace::Span* request = tracing::native(ended);
  const LiveSpan front = LiveSpan::of(front_object);
  if (request && front.open()) {
    trace::Span& span = front.span();
    const std::string status(request->text(tags::kHttpStatusCode));
    if (!status.empty() && (always || request->error)) span.set(tags::kHttpStatusCode, status);
    span.error = request->error;
    for (const trace::Key& key : {tags::kErrorType, tags::kErrorMessage, tags::kErrorStack})
      if (request->has(key)) span.set(key, request->text(key));
    front.finish();
  }
  return py::none().release();
}

void end_with(const LiveSpan& request, const LiveSpan& front, TellsStatus tells) {
  static PyMethodDef definition = {"end_front", end_front, METH_O, nullptr};
  const Ref always = Ref::borrow(tells == TellsStatus::kAlways ? Py_True : Py_False);
  const Handle parts[] = {front.object(), always};
  const Ref self = py::tuple(parts);
  const Ref callback = Ref::steal(PyCFunction_New(&definition, self.ptr()));
  const Ref callbacks = request.object().attr("_on_finish_callbacks");
  (void)callbacks.append(callback);
}

}  // namespace

LiveSpan start_request(const HeaderReader& headers, Handle continued,
                       const tracing::SpanStart& what, TellsStatus tells) {
  if (!settings().infers_proxies) [[likely]]
    return start(continued, what);
  LiveSpan front = start_gateway(headers, continued);
  if (!front) front = start_push(headers, continued);
  if (!front) return start(continued, what);
  front.span().set(kInferred, 1.0);
  LiveSpan made = LiveSpan::start_under(front.object(), what);
  if (made) end_with(made, front, tells);
  return made;
}

}  // namespace dd::contrib
