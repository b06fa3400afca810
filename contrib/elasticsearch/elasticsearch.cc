// elasticsearch: one span a request of elasticsearch and opensearchpy, asyncio too.

#include <string>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/py/error.h"
#include "core/trace/tags.h"

namespace dd::contrib::elasticsearch {
namespace {

Name kAll("all"), kBody("body"), kDumps("dumps"), kHost("host"), kHosts("hosts"), kMeta("meta"),
    kMethod("method"), kNodePool("node_pool"), kParams("params"), kSerializer("serializer"),
    kSerializers("serializers"), kStatus("status"), kStatusCode("status_code"), kTarget("target"),
    kTook("took"), kUrl("url"), kUrlencode("urlencode");

struct Knobs {
  std::string own_service;
};
constinit const Knobs* knobs = nullptr;
void prepare(const Settings& from) { knobs = new Knobs{from.own_service("elasticsearch")}; }

struct Way {  // of a target, its data
  bool waits;
};
constexpr Way kPlain = {false}, kAsync = {true};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Numbers that are a whole segment, or have two digits or more, become "?". The slash behind a
// segment is not looked at again: "/a/1/2" is "/a/?/2".
std::string quantized(std::string_view url) {
  std::string out;
  bool fresh = false;  // the slash before is still to be matched
  for (std::size_t at = 0; at < url.size();) {
    if (!is_digit(url[at])) {
      fresh = url[at] == '/';
      out.push_back(url[at++]);
      continue;
    }
    std::size_t end = at;
    while (end < url.size() && is_digit(url[end])) ++end;
    const bool closed = end == url.size() || url[end] == '/' || url[end] == '?';
    const bool segment = fresh && closed;
    if (segment || end - at > 1)
      out.push_back('?');
    else
      out.append(url.substr(at, end - at));
    at = end;
    if (segment && at < url.size()) out.push_back(url[at++]);
    fresh = false;
  }
  return out;
}

// What is behind the path, as the client will send it.
std::string query_of(Handle params) {
  if (params.size() <= 0) return {};
  const Ref text = py::imported("urllib.parse").call_method(kUrlencode, params);
  return text.text();
}

std::string host_of(Handle transport) {
  const Ref nodes = transport.attr(kNodePool).call_method(kAll);
  if (nodes) return nodes.item(Py_ssize_t{0}).attr(kHost).text();
  return transport.attr(kHosts).item(Py_ssize_t{0}).item(kHost).text();
}

std::string body_of(Handle transport, Handle body) {
  Ref serializer = transport.attr(kSerializer);
  if (!serializer) serializer = transport.attr(kSerializers);
  const Ref none = py::none();
  const Ref text = serializer.call_method(kDumps, body ? body : Handle(none));
  py::swallow_error();
  return text.text();
}

// perform_request(method, url or target with its query, ...)
void enter_request(Call& call, Scope& scope) {
  const Named named = settings().naming.of_client(
      {.integration = "elasticsearch", .fallback = "elasticsearch", .own = knobs->own_service});
  const std::string method = call.arg(0, kMethod).text();
  Handle target = call.arg(1, kUrl);
  if (!target) target = call.arg(kTarget);
  const std::string_view whole = target.utf8();
  const std::string_view url = whole.substr(0, whole.find('?'));
  const std::string resource = method + " " + quantized(url);
  const tracing::LiveSpan& live =
      start_step(scope, {.name = "elasticsearch.query",
                         .component = "elasticsearch",
                         .service = named.service,
                         .source = named.source,
                         .resource = resource,
                         .type = "elasticsearch",
                         .kind = "client",
                         .measured = true,
                         .late_service = true,
                         .waits = static_cast<const Way*>(call.data())->waits});
  if (!live) return;
  trace::Span& span = live.span();
  span.set(trace::Key("elasticsearch.method"), method);
  span.set(trace::Key("elasticsearch.url"), url);
  const std::string params = url.size() < whole.size() ? std::string(whole.substr(url.size() + 1))
                                                       : query_of(call.arg(kParams));
  span.set(trace::Key("elasticsearch.params"), params);
  if (method == "GET" || method == "POST")
    if (const std::string body = body_of(call.self(), call.arg(kBody)); !body.empty())
      span.set(trace::Key("elasticsearch.body"), body);
  if (const std::string host = host_of(call.self()); !host.empty()) {
    span.set(tags::kOutHost, host);
    span.set(tags::kServerAddress, host);
  }
}

void leave_request(Outcome& outcome, Scope& scope) {
  const tracing::LiveSpan* live = step_of(scope);
  if (live && outcome.error) {
    const Ref status = outcome.error.attr(kStatusCode);
    live->span().set(tags::kHttpStatusCode, status ? status.display() : std::string("500"));
  } else if (live && outcome.result) {
    trace::Span& span = live->span();
    const Ref meta = outcome.result.attr(kMeta);
    const bool pair = !meta && outcome.result.is_tuple();  // (status, body)
    const Ref status = pair ? outcome.result.item(Py_ssize_t{0}) : meta.attr(kStatus);
    const Ref body = meta   ? outcome.result.attr(kBody)
                     : pair ? outcome.result.item(Py_ssize_t{1})
                            : outcome.result.share();
    if (status) span.set(tags::kHttpStatusCode, status.display());
    const Ref took = body.is_dict() ? body.item(kTook) : Ref();
    if (took.is_int()) span.set(trace::Key("elasticsearch.took"), std::int64_t{took.integer()});
  }
  finish_step(outcome, scope);
}

constexpr py::Target on(const Way& way, const char* where) {
  return {.where = where,
          .enter = enter_request,
          .leave = leave_request,
          .kind = way.waits ? Kind::kAwaitable : Kind::kCall,
          .optional = true,
          .data = &way,
          .begin = way.waits ? begin_step : nullptr};
}

constexpr const char* kModules[] = {"elasticsearch",     "elasticsearch1", "elasticsearch2",
                                    "elasticsearch5",    "elasticsearch6", "elasticsearch7",
                                    "elastic_transport", "opensearchpy"};
constexpr py::Target kTargets[] = {
    on(kPlain, "elastic_transport:Transport.perform_request"),
    on(kAsync, "elastic_transport:AsyncTransport.perform_request"),
    on(kPlain, "elasticsearch.transport:Transport.perform_request"),  // up to 7
    on(kAsync, "elasticsearch._async.transport:AsyncTransport.perform_request"),
    on(kPlain, "elasticsearch1.transport:Transport.perform_request"),
    on(kPlain, "elasticsearch2.transport:Transport.perform_request"),
    on(kPlain, "elasticsearch5.transport:Transport.perform_request"),
    on(kPlain, "elasticsearch6.transport:Transport.perform_request"),
    on(kPlain, "elasticsearch7.transport:Transport.perform_request"),
    on(kAsync, "elasticsearch7._async.transport:AsyncTransport.perform_request"),
    on(kPlain, "opensearchpy.transport:Transport.perform_request"),
    on(kAsync, "opensearchpy._async.transport:AsyncTransport.perform_request"),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "elasticsearch",
                                     .package = "elasticsearch",
                                     .versions = ">=1.10",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::elasticsearch
