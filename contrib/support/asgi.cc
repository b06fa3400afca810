#include "contrib/support/asgi.h"

#include <charconv>
#include <utility>

#include "contrib/support/asgi_request.h"
#include "contrib/support/header_rules.h"
#include "contrib/support/inferred_span.h"
#include "contrib/support/integration.h"
#include "core/http/client_ip.h"
#include "core/http/url.h"
#include "core/py/context.h"
#include "core/py/method.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace asgi_engine {
namespace {

using http::Side;

Name kAsgi("asgi"), kClient("client"), kHeaders("headers"), kHttpVersion("http_version"),
    kMethod("method"), kMoreBody("more_body"), kPath("path"), kReceive("receive"),
    kQueryString("query_string"), kRootPath("root_path"), kScheme("scheme"), kScope("scope"),
    kSend("send"), kServer("server"), kSpecVersion("spec_version"), kStatus("status"),
    kType("type"), kVersion("version"), kTracebackNext("tb_next"), kFrame("tb_frame"),
    kCode("f_code"), kFilename("co_filename");

using Request = AsgiRequest;

struct State {
  Ref request;  // a box
  py::InForce in_force;
};

constexpr trace::Key kHttpUpgraded("http.upgraded");

constinit py::ContextVariable current("ddtrace_asgi_request");

std::string text_of(Handle value) {
  return value.is_bytes() ? std::string(value.bytes()) : value.text();
}

// The value of a header by its name in lower case. Servers give names in lower case.
std::string_view header(Handle headers, std::string_view name) {
  std::string_view found;
  const auto look_at = [&](Handle pair) {
    if (pair.is_tuple() && PyTuple_GET_SIZE(pair.ptr()) == 2) {
      const Handle key = PyTuple_GET_ITEM(pair.ptr(), 0), value = PyTuple_GET_ITEM(pair.ptr(), 1);
      if (http::same_header(key.bytes(), name)) found = value.bytes();
    } else if (pair.size() == 2) {
      const Ref key = pair.item(Py_ssize_t{0}), value = pair.item(Py_ssize_t{1});
      if (http::same_header(key.bytes(), name)) found = Handle(value).bytes();
    }
  };
  if (headers.is_list()) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(headers.ptr()) && !found.data(); ++i)
      look_at(PyList_GET_ITEM(headers.ptr(), i));
  } else {
    headers.each([&](Handle pair) {
      if (!found.data()) look_at(pair);
    });
  }
  return found;
}

std::string_view read_header(const void* headers, std::string_view name) {
  return header(*static_cast<const Handle*>(headers), name);
}

std::string whole_url(Handle scope, Handle headers) {
  const Ref scheme = scope.item(kScheme), path = scope.item(kPath);
  std::string url = scheme.is_str() ? scheme.text() : "http";
  url.append("://");
  if (const std::string_view host = header(headers, "host"); !host.empty()) {
    url.append(host);
  } else if (const Ref server = scope.item(kServer); server.size() == 2) {
    url.append(server.item(Py_ssize_t{0}).text());
    const Ref port = server.item(Py_ssize_t{1});
    const long long number = port.integer();
    if (number && number != (url.starts_with("https") ? 443 : 80))
      url.append(":").append(std::to_string(number));
  } else {
    return "";  // nobody knows where
  }
  url.append(path.utf8());
  const Ref query = scope.item(kQueryString);
  if (const std::string text = text_of(query); !text.empty()) url.append("?").append(text);
  return url;
}

void tag_client(trace::Span& span, Handle scope, Handle headers) {
  const Settings& all = settings();
  if (!all.tell_client_ip) return;
  const Ref peer = scope.item(kClient).item(Py_ssize_t{0});
  const std::string ip =
      http::client_ip({read_header, &headers}, peer.utf8(), all.client_ip_header);
  if (!ip.empty()) span.set(tags::kHttpClientIp, ip);
  if (http::reach(peer.utf8()) != http::Reach::kInvalid)
    span.set(tags::kNetworkClientIp, peer.utf8());
}

void tag_headers(trace::Span& span, Handle headers, Side side) {
  const HeaderRules wanted(span);
  if (wanted.empty()) return;
  headers.each([&](Handle pair) {
    if (pair.size() != 2) return;
    const Ref key = pair.item(Py_ssize_t{0});
    const std::string_view tag = wanted.tag(key.bytes(), side);
    if (!tag.empty()) span.set(trace::Key(tag), text_of(pair.item(Py_ssize_t{1})));
  });
}

void tag_request(trace::Span& span, Handle scope, Handle headers, std::string_view method) {
  if (!method.empty()) span.set(tags::kHttpMethod, method);
  if (const std::string url = whole_url(scope, headers); !url.empty())
    span.set(tags::kHttpUrl, url_shown(span, url, settings().show_server_query));
  if (tells_query(span)) {
    const std::string query = text_of(scope.item(kQueryString));
    if (!query.empty()) span.set(kHttpQueryString, query);
  }
  const Ref version = scope.item(kHttpVersion), asgi = scope.item(kAsgi);
  if (version.is_str()) span.set(tags::kHttpVersion, version.utf8());
  const Ref spoken = asgi.item(kVersion), specified = asgi.item(kSpecVersion);
  if (spoken.is_str()) span.set(tags::kAsgiVersion, spoken.utf8());
  if (specified.is_str()) span.set(tags::kAsgiSpecVersion, specified.utf8());
  if (const auto agent = header(headers, "user-agent"); !agent.empty())
    span.set(tags::kHttpUserAgent, agent);
  if (const auto referer = header(headers, "referer"); !referer.empty())
    span.set(tags::kHttpReferrerHost, http::parse(referer).host);
  tag_headers(span, headers, Side::kRequest);
}

// Before Starlette 0.33 the path of what is mounted is the rest of the whole path. The URL is made
// whole when a route of it was found.
void tell_whole_url(Request& request) {
  trace::Span& span = request.span.span();
  std::string url(span.text(tags::kHttpUrl));
  const std::size_t host = url.find("://"), path = url.find('/', host + 3);
  if (host == std::string::npos || path == std::string::npos) return;
  span.set(tags::kHttpUrl, url.insert(path, std::exchange(request.mounted, {})));
}

void heard(Request& request, Handle message) {
  if (!request.span.open()) return;
  trace::Span& span = request.span.span();
  const Ref type = message.item(kType);
  if (type.utf8() == "http.response.start") {
    const long long status = message.item(kStatus).integer();
    span.set(tags::kHttpStatusCode, std::to_string(status));
    if (settings().error_statuses.contains(static_cast<int>(status))) span.error = 1;
    // The page that tells of an exception is not the answer of the application.
    request.says_error = request.facts->has_error_page ? status == 500 : span.error != 0;
    if (request.says_error && request.facts->has_error_page)
      request.headers_of_error = message.item(kHeaders);
    else
      tag_headers(span, message.item(kHeaders), Side::kResponse);
    if (status == 404 && request.knobs->hides_404) span.set_resource(request.method + " 404");
  } else if (type.utf8() == "http.response.body") {
    // An answer that tells of an error may still be followed by the exception.
    if (!message.item(kMoreBody).truth() && !request.says_error) request.finish();
  }
}

// self: (send of the server, box of the request)
PyObject* send(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* kwnames) {
  const Handle server = PyTuple_GET_ITEM(self, 0);
  if (count > 0) {
    Request* request = py::unboxed<Request>(PyTuple_GET_ITEM(self, 1));
    if (request && request->span && request->is_websocket)
      tell_sent_message(*request, args[0]);
    else if (request)
      heard(*request, args[0]);
  }
  return PyObject_Vectorcall(server.ptr(), args, static_cast<std::size_t>(count), kwnames);
}

// The traceback without the frames of who only passes requests on.
Ref traceback_inside(Handle error, const AsgiFacts& facts) {
  const Ref whole = Ref::steal(PyException_GetTraceback(error.ptr()));
  Ref at = whole.share();
  while (at && !at.is_none()) {
    const Ref file = at.attr(kFrame).attr(kCode).attr(kFilename);
    bool outside = false;
    for (const std::string_view end : facts.outside)
      outside = outside || file.utf8().ends_with(end);
    if (!outside) return at;
    at = at.attr(kTracebackNext);
  }
  return whole.share();
}

}  // namespace
}  // namespace asgi_engine

const AsgiKnobs* asgi_knobs(const Settings& from, const AsgiFacts& facts) {
  const std::string_view section = facts.component;
  return new AsgiKnobs{.own_service = from.own_service(section),
                       .request = from.text(section, "REQUEST_SPAN_NAME")
                                      .value_or(std::string(from.naming.operation(facts.request))),
                       .continues = from.knob(section, "DISTRIBUTED_TRACING", true),
                       .hides_404 = from.knob(section, "OBFUSCATE_404_RESOURCE",
                                              from.knob("asgi", "OBFUSCATE_404_RESOURCE", false))};
}

void enter_asgi(py::Call& call, py::Scope& scope, const AsgiFacts& facts, const AsgiKnobs& knobs) {
  using namespace asgi_engine;
  const Handle about = call.arg(0, kScope), server = call.arg(2, kSend);
  if (!about.is_dict() || !server) return;
  const Ref type = about.item(kType), method = about.item(kMethod);
  const bool is_websocket = type.utf8() == "websocket" && settings().trace_messages;
  if (type.utf8() != "http" && !is_websocket) return;
  Ref box = py::box(Request{.facts = &facts,
                            .knobs = &knobs,
                            .scope = about.share(),
                            .identity = about.ptr(),
                            .path = about.item(kPath),
                            .method = is_websocket ? std::string("websocket") : method.text(),
                            .is_websocket = is_websocket});
  if (is_websocket) {
    py::unboxed<Request>(box)->peer = about.item(kClient).item(Py_ssize_t{0}).text();
    if (const Handle receive = call.arg(1, kReceive))
      if (Ref heard = receive_messages(receive, box))
        (void)call.replace_arg(1, kReceive, std::move(heard));
  }
  static PyMethodDef definition = {"send", py::method<asgi_engine::send>,
                                   METH_FASTCALL | METH_KEYWORDS, nullptr};
  const Handle parts[] = {server, box};
  const Ref self = py::tuple(parts);
  Ref heard_by = Ref::steal(PyCFunction_New(&definition, self.ptr()));
  if (heard_by) (void)call.replace_arg(2, kSend, std::move(heard_by));
  scope.emplace<State>(std::move(box));
}

void begin_asgi(py::Scope& scope) {
  using namespace asgi_engine;
  State* state = scope.get<State>();
  Request* request = state ? py::unboxed<Request>(state->request) : nullptr;
  if (!request) return;
  const Ref about = std::move(request->scope);
  const AsgiFacts& facts = *request->facts;
  const AsgiKnobs& knobs = *request->knobs;
  const Ref headers = about.item(kHeaders);
  Named named = settings().naming.of_server(
      {.integration = facts.component, .fallback = facts.fallback, .own = knobs.own_service});
  if (facts.fallback.empty()) named.source = "m";
  const Ref root = about.item(kRootPath);
  if (!request->path.utf8().starts_with(root.utf8())) request->mounted = root.text();
  std::string resource = request->method + " ";
  resource.append(request->path.utf8());
  const std::string_view name =
      request->is_websocket ? facts.request.v0 : std::string_view(knobs.request);
  const tracing::SpanStart start = {.name = name,
                                    .service = named.service,
                                    .resource = resource,
                                    .type = "web",
                                    .known_name = trace::Text::lasting(name)};
  Ref outer = current.value();
  if (const Request* above = py::unboxed<Request>(outer);
      above && (above->identity == about.ptr() || above->path.is(request->path)))
    request->outer = std::move(outer);
  const Ref continued = knobs.continues ? tracing::continued(headers) : Ref();
  const Handle told = headers;
  request->span = start_request({read_header, &told}, continued, start, TellsStatus::kWithError);
  if (!request->span) return;
  trace::Span& span = request->span.span();
  span.set_static(tags::kComponent, facts.component);
  span.set_static(tags::kSpanKind, "server");
  if (!named.source.empty()) span.set(tags::kServiceSource, named.source);
  tag_request(span, about, headers, request->is_websocket ? std::string_view() : request->method);
  if (!request->outer) tag_client(span, about, headers);
  if (request->is_websocket) span.set_static(kHttpUpgraded, "websocket");
  request->source = span.text(tags::kServiceSource);
  state->in_force = py::InForce(current, state->request.share());
}

void leave_asgi(py::Outcome& outcome, py::Scope& scope) {
  using namespace asgi_engine;
  State* state = scope.get<State>();
  const Request* request = state ? py::unboxed<Request>(state->request) : nullptr;
  if (!request || !request->span) return;
  state->in_force.end();
  if (!request->span.open()) return;
  if (outcome.error) {
    trace::Span& span = request->span.span();
    if (!span.has(tags::kHttpStatusCode)) span.set_static(tags::kHttpStatusCode, "500");
    request->span.fail(outcome.error, traceback_inside(outcome.error, *request->facts));
  } else if (request->says_error) {
    tag_headers(request->span.span(), request->headers_of_error, Side::kResponse);
  }
  request->finish();
}

void tag_asgi_request(trace::Span& span, py::Handle scope) {
  using namespace asgi_engine;
  const Ref headers = scope.item(kHeaders), method = scope.item(kMethod);
  tag_request(span, scope, headers, method.utf8());
  tag_client(span, scope, headers);
}

py::Ref asgi_request() {
  const py::Ref box = asgi_engine::current.value();
  const auto* request = py::unboxed<asgi_engine::Request>(box);
  return request && request->span ? request->span.object().share() : py::Ref();
}

void add_asgi_route(py::Handle finder, std::string_view path) {
  using namespace asgi_engine;
  Ref box = current.value();
  for (Request* request = py::unboxed<Request>(box); request; request = py::unboxed<Request>(box)) {
    if (std::exchange(request->finder, finder.ptr()) != finder.ptr() && request->span.open()) {
      request->route.append(path);
      if (!request->mounted.empty()) tell_whole_url(*request);
      trace::Span& span = request->span.span();
      span.set_resource(request->method + " " + request->route);
      if (!request->outer) span.set(tags::kHttpRoute, request->route);
    }
    box = request->outer ? request->outer.share() : Ref();
  }
}

}  // namespace dd::contrib
