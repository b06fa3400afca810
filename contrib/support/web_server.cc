#include "contrib/support/web_server.h"

#include <array>
#include <charconv>
#include <utility>

#include "contrib/support/header_rules.h"
#include "contrib/support/integration.h"
#include "core/events/event.h"
#include "core/events/http.h"
#include "core/http/client_ip.h"
#include "core/http/url.h"
#include "core/py/error.h"
#include "core/py/method.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"

namespace dd::contrib {
namespace {

using http::Side;

Name kEnviron("environ"), kStartResponse("start_response"), kMethod("REQUEST_METHOD"),
    kScheme("wsgi.url_scheme"), kHost("HTTP_HOST"), kServerName("SERVER_NAME"),
    kServerPort("SERVER_PORT"), kScriptName("SCRIPT_NAME"), kPath("PATH_INFO"),
    kQuery("QUERY_STRING"), kAgentHeader("HTTP_USER_AGENT"), kReferer("HTTP_REFERER"),
    kPeer("REMOTE_ADDR");

struct Request {
  Request(LiveSpan&& whole, LiveSpan&& app, std::string&& verb)
      : request(std::move(whole)), application(std::move(app)), method(std::move(verb)) {}
  Request(Request&& other) noexcept
      : request(std::move(other.request)),
        application(std::move(other.application)),
        response(std::move(other.response)),
        method(std::move(other.method)) {}
  ~Request() {
    for (const LiveSpan* span : {&response, &application, &request}) {
      if (span->open()) span->finish();
    }
  }

  LiveSpan request, application, response;
  std::string method;
};

std::string whole_url(Handle environ) {
  const Ref scheme = environ.item(kScheme), host = environ.item(kHost);
  const Ref script = environ.item(kScriptName), path = environ.item(kPath);
  const Ref query = environ.item(kQuery);
  std::string url;
  url.reserve(16 + host.utf8().size() + script.utf8().size() + path.utf8().size() +
              query.utf8().size());
  url.append(scheme.utf8()).append("://");
  if (!host.utf8().empty()) {
    url.append(host.utf8());
  } else {
    const Ref name = environ.item(kServerName), port = environ.item(kServerPort);
    url.append(name.utf8());
    const bool usual = (scheme.utf8() == "http" && port.utf8() == "80") ||
                       (scheme.utf8() == "https" && port.utf8() == "443");
    if (!usual && !port.utf8().empty()) url.append(":").append(port.utf8());
  }
  url.append(script.utf8()).append(path.utf8());
  if (script.utf8().empty() && path.utf8().empty()) url.append("/");
  if (!query.utf8().empty()) url.append("?").append(query.utf8());
  return url;
}

// "HTTP_X_ORDER" -> "X-ORDER"; empty for what is no header.
std::string_view header_name(std::string_view variable) {
  if (variable.starts_with("HTTP_")) return variable.substr(5);
  return variable == "CONTENT_TYPE" || variable == "CONTENT_LENGTH" ? variable : std::string_view();
}

void tag_request_headers(trace::Span& span, Handle environ) {
  const HeaderRules wanted(span);
  if (wanted.empty()) return;
  environ.each_pair([&](Handle variable, Handle value) {
    const std::string_view header = header_name(variable.utf8());
    const std::string_view tag =
        header.empty() ? std::string_view() : wanted.tag(header, Side::kRequest);
    if (!tag.empty()) span.set(trace::Key(tag), value.text());
  });
}

// The headers of an environ by their names; a value is valid until the next is asked for.
struct EnvironHeaders {
  http::HeaderReader reader() { return {read, this}; }
  static std::string_view read(const void* from, std::string_view name) {
    EnvironHeaders& self = *static_cast<EnvironHeaders*>(const_cast<void*>(from));
    std::string variable = "HTTP_";
    for (const char c : name)
      variable.push_back(c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c);
    self.value = self.environ.item(variable.c_str());
    return self.value.utf8();
  }
  Handle environ;
  Ref value{};
};

void tag_client_ip(trace::Span& span, Handle environ) {
  const Settings& all = settings();
  if (!all.tell_client_ip) return;
  EnvironHeaders headers{environ};
  const Ref peer = environ.item(kPeer);
  const std::string ip = http::client_ip(headers.reader(), peer.utf8(), all.client_ip_header);
  if (!ip.empty()) span.set(tags::kHttpClientIp, ip);
  if (http::reach(peer.utf8()) != http::Reach::kInvalid)
    span.set(tags::kNetworkClientIp, peer.utf8());
}

void tag_request(trace::Span& span, Handle environ, std::string_view method) {
  span.set(tags::kHttpMethod, method);
  span.set(tags::kHttpUrl, url_shown(span, whole_url(environ), settings().show_server_query));
  const Ref query = environ.item(kQuery);
  if (query && tells_query(span)) span.set(kHttpQueryString, query.utf8());
  const Ref agent = environ.item(kAgentHeader);
  if (!agent.utf8().empty()) span.set(tags::kHttpUserAgent, agent.utf8());
  const Ref referer = environ.item(kReferer);
  if (!referer.utf8().empty()) span.set(tags::kHttpReferrerHost, http::parse(referer.utf8()).host);
  tag_request_headers(span, environ);
  tag_client_ip(span, environ);
}

void tag_answer(trace::Span& span, Handle line, Handle headers) {
  const std::string_view status = line.utf8().substr(0, line.utf8().find(' '));
  int code = 0;
  std::from_chars(status.data(), status.data() + status.size(), code);
  if (!status.empty()) span.set(tags::kHttpStatusCode, status);
  span.error = settings().error_statuses.contains(code) ? 1 : 0;
  tag_answer_headers(span, headers);
}

void tell_started(std::string_view component, std::string_view method, trace::Span& span) {
  events::emit<events::WebRequestStarted>([&] {
    return events::WebRequestStarted{component, method, span};
  });
}

// What the application tells its server, heard on the way: (start_response, Span of the request).
PyObject* hear_start_response(PyObject* self, PyObject* const* args, Py_ssize_t count,
                              PyObject* kwnames) {
  const Handle server = PyTuple_GET_ITEM(self, 0);
  trace::Span* span = const_cast<trace::Span*>(tracing::native(PyTuple_GET_ITEM(self, 1)));
  if (span && !span->finished() && count > 0)
    tag_answer(*span, args[0], count > 1 ? args[1] : nullptr);
  return PyObject_Vectorcall(server.ptr(), args, static_cast<std::size_t>(count), kwnames);
}

void hear(py::Call& call, int place, Handle server, Handle span) {
  const Handle parts[] = {server, span};
  const Ref heard_by = py::tuple(parts);
  static PyMethodDef definition = {"start_response", py::method<hear_start_response>,
                                   METH_FASTCALL | METH_KEYWORDS, nullptr};
  Ref heard = Ref::steal(PyCFunction_New(&definition, heard_by.ptr()));
  if (heard) (void)call.replace_arg(place, kStartResponse, std::move(heard));
}

struct Heard {
  explicit Heard(LiveSpan&& of) : span(std::move(of)) {}
  Heard(Heard&& other) noexcept : span(std::move(other.span)) {}
  ~Heard() {
    if (span.open()) span.finish();
  }
  LiveSpan span;
};

tracing::SpanStart request_start(const Operation& operation, std::string_view service) {
  const std::string_view name = settings().naming.operation(operation);
  return {.name = name,
          .service = service,
          .type = "web",
          .measured = true,
          .known_name = trace::Text::lasting(name)};
}

void end_request(Request& request) {
  trace::Span& span = request.request.span();
  // Without a route the status says what the request was.
  if (span.resource.view() == span.name.view()) {
    const std::string_view status = span.text(tags::kHttpStatusCode);
    if (!status.empty()) span.set_resource(request.method + " " + std::string(status));
  }
  request.request.finish();
}

void end_body(py::Outcome& outcome, py::Scope& scope) {
  Request* request = scope.get<Request>();
  if (!request) return;
  if (outcome.error) request->response.fail(outcome.error);
  request->response.finish();
  end_request(*request);
}

constexpr py::Watch kBody = {.end = end_body};

}  // namespace

trace::Span* start_wsgi_request(py::Call& call, py::Scope& scope, const WebServerFacts& facts,
                                std::string_view own_service, int first, bool continues) {
  const Handle environ = call.arg(first, kEnviron);
  const Handle server = call.arg(first + 1, kStartResponse);
  if (!environ.is_dict() || !server) return nullptr;
  const Named named = settings().naming.of_server(
      {.integration = facts.component, .fallback = facts.component, .own = own_service});
  const Ref verb = environ.item(kMethod);
  const Ref continued = continues ? tracing::continued(environ) : Ref();
  EnvironHeaders headers{environ};
  LiveSpan whole = start_request(headers.reader(), continued,
                                 request_start(facts.request, named.service), facts.tells_front);
  if (!whole) return nullptr;
  trace::Span& span = whole.span();
  span.set_static(tags::kComponent, facts.component);
  span.set_static(tags::kSpanKind, "server");
  span.set_static(tags::kServiceSource, named.source);
  tag_request(span, environ, verb.utf8());
  tell_started(facts.component, verb.utf8(), span);
  LiveSpan inner = LiveSpan::start(
      {.name = facts.application, .known_name = trace::Text::lasting(facts.application)});
  inner.span().set_static(tags::kComponent, facts.component);
  hear(call, first + 1, server, whole.object());
  scope.emplace<Request>(std::move(whole), std::move(inner), std::string(verb.utf8()));
  return &span;
}

void finish_wsgi_request(py::Outcome& outcome, py::Scope& scope, const WebServerFacts& facts) {
  Request* request = scope.get<Request>();
  if (!request) return;
  if (outcome.error) {
    request->application.fail(outcome.error);
    request->application.finish();
    request->request.fail(outcome.error);
    // Without an answer the route is not told: it goes with the status.
    trace::Span& span = request->request.span();
    if (!span.has(tags::kHttpStatusCode)) span.remove(tags::kHttpRoute);
    end_request(*request);
    return;
  }
  request->application.finish();
  request->response = LiveSpan::start_under(
      request->request.object(),
      {.name = facts.response, .known_name = trace::Text::lasting(facts.response)});
  request->response.span().set_static(tags::kComponent, facts.component);
  if (!outcome.follow(py::Kind::kIterator, kBody, scope)) {
    request->response.finish();
    end_request(*request);
  }
}

tracing::LiveSpan start_wsgi_span(py::Handle environ, py::Handle continued,
                                  const tracing::SpanStart& start) {
  EnvironHeaders headers{environ};
  return start_request(headers.reader(), continued, start);
}

tracing::LiveSpan start_web_request(const WebRequestFacts& facts, py::Handle environ,
                                    bool continues) {
  const Naming& naming = settings().naming;
  const NameQuestion asked = {.integration = facts.component, .fallback = facts.component};
  const Named named = facts.keeps_service ? naming.of_client(asked) : naming.of_server(asked);
  const Ref continued = continues ? tracing::continued(environ) : Ref();
  LiveSpan made = start_wsgi_span(environ, continued, request_start(facts.request, named.service));
  if (!made) return made;
  trace::Span& span = made.span();
  span.set_static(tags::kComponent, facts.component);
  span.set_static(tags::kSpanKind, "server");
  span.set_static(tags::kServiceSource, "m");
  tag_wsgi_request(span, environ);
  if (events::heard<events::WebRequestStarted>()) {
    const Ref method = environ.item(kMethod);
    tell_started(facts.component, method.utf8(), span);
  }
  return made;
}

void tag_answer_headers(trace::Span& span, py::Handle headers) {
  const HeaderRules wanted(span);
  if (wanted.empty()) return;
  headers.each([&](Handle pair) {
    if (!pair.is_tuple() || pair.size() != 2) return;
    const std::string_view tag =
        wanted.tag(Handle(PyTuple_GET_ITEM(pair.ptr(), 0)).utf8(), Side::kResponse);
    if (!tag.empty()) span.set(trace::Key(tag), Handle(PyTuple_GET_ITEM(pair.ptr(), 1)).text());
  });
}

void hear_answer(py::Call& call, py::Scope& scope, tracing::LiveSpan&& span) {
  const Handle server = call.arg(1, kStartResponse);
  if (server && span) hear(call, 1, server, span.object());
  scope.emplace<Heard>(std::move(span));
}

tracing::LiveSpan* heard_request(py::Scope& scope) {
  Heard* heard = scope.get<Heard>();
  return heard && heard->span ? &heard->span : nullptr;
}

void tag_wsgi_request(trace::Span& span, py::Handle environ) {
  const Ref method = environ.item(kMethod);
  tag_request(span, environ, method.utf8());
}

void tag_http_status(trace::Span& span, int status) {
  span.set(tags::kHttpStatusCode, std::to_string(status));
  if (settings().error_statuses.contains(status)) span.error = 1;
}

RequestSpans current_request(const WebServerFacts& facts) {
  const trace::Span* span = tracing::active_span();
  while (span && span->name.view() != facts.application) span = span->parent;
  if (!span || !span->parent) return {};
  return {const_cast<trace::Span*>(span->parent), const_cast<trace::Span*>(span)};
}

}  // namespace dd::contrib
