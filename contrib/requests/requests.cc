// requests: one client span per Session.send, trace headers on the way out.

#include "contrib/support/http_client.h"
#include "contrib/support/integration.h"
#include "contrib/support/wire_headers.h"
#include "core/py/compat/compat.h"

namespace dd::contrib::requests {
namespace {

Name kAdapters("adapters"), kBody("body"), kConnectionClass("ConnectionCls"),
    kContentLength("content-length"), kGetAdapter("get_adapter"), kHeaders("headers"),
    kHttp("http"), kHttps("https"), kMethod("method"), kPoolClasses("pool_classes_by_scheme"),
    kPoolManager("poolmanager"), kProxies("proxies"), kReason("reason"), kRequest("request"),
    kSend("send"), kStatusCode("status_code"), kStore("_store"), kUrl("url"),
    kUserAgent("user-agent");

constexpr HttpClientFacts kFacts = {.component = "requests",
                                    .service = "requests",
                                    .operation = {"requests.request", "http.client.request"},
                                    .resource_is_path = true};
constinit const HttpClientKnobs* knobs = nullptr;

// The parts of requests and urllib3 that are known here not to look at the headers on their way to
// the connection. Where somebody has put others in their place (a subclass, a recorder of a test)
// the headers are written into the request before they see it.
struct Usual {
  Ref adapter, adapter_send, get_adapter, headers, pool_manager, http_pool, https_pool, http, https;
  // Versions of the pools' classes that are known to have these connections.
  unsigned http_version = 0, https_version = 0;
};
constinit Usual* usual = nullptr;

void prepare(const Settings& from) {
  knobs = new HttpClientKnobs(http_client_knobs(from, "requests"));
  if (usual) return;
  const Ref adapter = py::imported("requests.adapters").attr("HTTPAdapter");
  const Ref pools = py::imported("urllib3.poolmanager").attr(kPoolClasses);
  const Ref http = pools.item(kHttp), https = pools.item(kHttps);
  usual =
      new Usual{.adapter = adapter.share(),
                .adapter_send = adapter.attr(kSend),
                .get_adapter = py::imported("requests.sessions").attr("Session").attr(kGetAdapter),
                .headers = py::imported("requests.structures").attr("CaseInsensitiveDict"),
                .pool_manager = py::imported("urllib3.poolmanager").attr("PoolManager"),
                .http_pool = http.share(),
                .https_pool = https.share(),
                .http = http.attr(kConnectionClass),
                .https = https.attr(kConnectionClass)};
}

bool is_usual(Handle adapter) {
  return adapter.type().is(usual->adapter) && usual->adapter_send.is(adapter.method(kSend));
}

// Session.send() hands the request to an adapter as it is.
bool goes_to_usual_adapter(Handle session) {
  if (!usual->get_adapter.is(session.method(kGetAdapter))) return false;
  const Ref adapters = session.attr(kAdapters);
  bool all = true;
  if (!adapters || !PyODict_CheckExact(adapters.ptr())) {
    adapters.each_pair([&all](Handle, Handle adapter) { all = all && is_usual(adapter); });
    return all;
  }
  Py_ssize_t position = 0;  // in any order, so without what an OrderedDict makes for its own
  PyObject *key = nullptr, *value = nullptr;
  while (all && PyDict_Next(adapters.ptr(), &position, &key, &value))
    all = is_usual(Ref::borrow(value));
  return all;
}

bool have_usual_connections() {
  const unsigned http = py::compat::class_version(usual->http_pool.ptr());
  const unsigned https = py::compat::class_version(usual->https_pool.ptr());
  if (http != 0 && https != 0 && http == usual->http_version && https == usual->https_version)
    return true;
  if (!usual->http_pool.attr(kConnectionClass).is(usual->http) ||
      !usual->https_pool.attr(kConnectionClass).is(usual->https))
    return false;
  usual->http_version = http;
  usual->https_version = https;
  return true;
}

// As CaseInsensitiveDict finds it: lower-case name -> (name, value). Empty: ask the mapping itself.
Ref user_agent(Handle headers) {
  if (!headers.type().is(usual->headers)) return {};
  return headers.attr(kStore).item(kUserAgent).item(1);
}

// The adapter hands the headers to a connection's request(), and code of the application has no
// part in that: what `headers` holds, else empty.
Ref stored_for_usual_connection(const Call& call, Handle headers) {
  if (!headers.type().is(usual->headers) || call.arg(5, kProxies).truth()) return {};
  const Ref pools = call.self().attr(kPoolManager);
  if (!pools.type().is(usual->pool_manager)) return {};
  const Ref classes = pools.attr(kPoolClasses);
  if (!classes.item(kHttp).is(usual->http_pool) || !classes.item(kHttps).is(usual->https_pool) ||
      !have_usual_connections())
    return {};
  Ref stored = headers.attr(kStore);
  const Ref body = call.arg(0, kRequest).attr(kBody);
  const bool in_one_piece =
      (body.is_bytes() || body.is_str()) && stored.contains(kContentLength.ptr());
  return body.is_none() || in_one_piece ? static_cast<Ref&&>(stored) : Ref();
}

void enter_send(Call& call, Scope& scope) {
  const Handle request = call.arg(0, kRequest);
  const Ref url = request.attr(kUrl);
  const Ref method = request.attr(kMethod);
  const Ref headers = request.attr(kHeaders);
  if (!url.is_str()) return;
  const Ref agent = user_agent(headers);
  start_http_client(scope, kFacts, *knobs,
                    {.method = method.utf8(),
                     .url = url.utf8(),
                     .headers = headers,
                     .user_agent = agent,
                     .later = goes_to_usual_adapter(call.self()),
                     .client = call.self()});
}

void leave_send(Outcome& outcome, Scope& scope) {
  const Ref status = outcome.result.attr(kStatusCode);
  const Ref reason = outcome.result.attr(kReason);
  const Ref headers = outcome.result.attr(kHeaders);
  finish_http_client(
      outcome, scope,
      {.status = static_cast<int>(status.integer()), .reason = reason.utf8(), .headers = headers});
}

void enter_adapter(Call& call, Scope& scope) {
  const Ref headers = call.arg(0, kRequest).attr(kHeaders);
  const Ref stored = stored_for_usual_connection(call, headers);
  send_headers(scope, kFacts.component, {.headers = headers, .stored = stored});
}

void leave_adapter(Outcome&, Scope& scope) { headers_sent(scope); }

constexpr const char* kModules[] = {"requests"};
constexpr py::Target kTargets[] = {
    {"requests.sessions:Session.send", enter_send, leave_send},
    {"requests.adapters:HTTPAdapter.send", enter_adapter, leave_adapter},
    {.where = "urllib3.connection:HTTPConnection.request", .enter = WireHeaders::enter_request},
    {.where = "urllib3.connection:HTTPConnection.endheaders",
     .enter = WireHeaders::enter_endheaders},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "requests",
                                     .package = "requests",
                                     .versions = ">=2.25.1",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::requests
