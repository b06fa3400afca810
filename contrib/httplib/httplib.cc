// http.client: one client span from the request to its answer, trace headers on the way out.

#include <string>
#include <utility>

#include "contrib/support/http_client.h"
#include "contrib/support/integration.h"
#include "contrib/support/side_table.h"
#include "contrib/support/step.h"
#include "core/tracing/span_object.h"

namespace dd::contrib::httplib {
namespace {

Name kDefaultPort("default_port"), kHeader("header"), kHeaders("headers"), kHost("host"),
    kMethod("method"), kPort("port"), kStatus("status"), kUrl("url");

constexpr HttpClientFacts kFacts = {.component = "httplib",
                                    .operation = {"http.client.request", "http.client.request"},
                                    .measured = false,
                                    .inherits_service = true,
                                    .tells_user_agent = false,
                                    .method_as_given = true};
constinit const HttpClientKnobs* knobs = nullptr;

void prepare(const Settings& from) {
  knobs =
      new HttpClientKnobs{.own_service = {}, .injects = http_client_knobs(from, "httplib").injects};
}

// The span of a connection's request until its answer, and whether request() is still at work.
constinit SideTable requests;

// One of request() or putrequest(), or of getresponse().
struct OnConnection {
  OnConnection(tracing::LiveSpan&& of, Ref&& on) : span(std::move(of)), connection(std::move(on)) {}
  OnConnection(OnConnection&& other) noexcept
      : span(std::move(other.span)), connection(std::move(other.connection)), part(other.part) {}
  ~OnConnection() { end(); }
  void end() {
    if (!span.open()) return;
    settle_source(span.span());
    span.finish();
  }
  void remember(bool at_work) const {
    const Ref flag = py::boolean(at_work);
    const Handle row[] = {span.object(), flag};
    requests.put(connection, py::tuple(row));
  }

  tracing::LiveSpan span;
  Ref connection;
  bool part = false;  // of request()
};

std::string whole_url(Handle connection, std::string_view path) {
  const Ref host = connection.attr(kHost);
  std::string url = connection.attr(kDefaultPort).integer() == 443 ? "https://" : "http://";
  url.append(host.utf8());
  const long long port = connection.attr(kPort).integer();
  if (port && port != 80 && port != 443) url.append(":").append(std::to_string(port));
  return url.append(path);
}

void begin(const Call& call, Scope& scope, Handle headers) {
  const Handle connection = call.self(), method = call.arg(0, kMethod), path = call.arg(1, kUrl);
  const Ref host = connection.attr(kHost);
  Scope started;
  start_http_client(started, kFacts, *knobs,
                    {.method = method.utf8(),
                     .url = whole_url(connection, path.utf8()),
                     .host = host.utf8(),
                     .headers = headers});
  tracing::LiveSpan* live = step_of(started);
  if (!live) return;
  scope.emplace<OnConnection>(std::move(*live), connection.share()).remember(true);
}

void enter_request(Call& call, Scope& scope) {
  // A copy: the caller's own dictionary stays as it is.
  Ref headers = py::dict();
  call.arg(3, kHeaders).each_pair([&headers](Handle name, Handle value) {
    (void)headers.set_item(name, value);
  });
  begin(call, scope, headers);
  if (!scope.empty()) (void)call.replace_arg(3, kHeaders, std::move(headers));
}

// request() comes by here, too: what goes wrong here is an error of its span.
void enter_putrequest(Call& call, Scope& scope) {
  const Ref row = requests.get(call.self());
  if (!row.item(Py_ssize_t{1}).is_true()) return begin(call, scope, {});
  scope.emplace<OnConnection>(tracing::LiveSpan::of(row.item(Py_ssize_t{0})), call.self().share())
      .part = true;
}

// Only tags: what is sent in pieces is the application's alone.
void enter_putheader(Call& call, Scope&) {
  if (requests.empty()) return;
  const Ref row = requests.get(call.self());
  const Ref span = row.item(Py_ssize_t{0});
  if (!span || row.item(Py_ssize_t{1}).is_true()) return;
  const Ref header = py::dict();
  (void)header.set_item(call.arg(0, kHeader), call.arg(1));
  tag_sent_headers(tracing::writable(tracing::as_span(span)), header);
}

// The span goes on until the answer, if one can come.
void leave_sending(Outcome& outcome, Scope& scope) {
  OnConnection* sent = scope.get<OnConnection>();
  if (!sent) return;
  if (outcome.error) {
    if (!sent->span.open()) return;
    sent->span.fail(outcome.error);
    sent->end();
    return requests.remove(sent->connection);
  }
  if (!sent->part) sent->remember(false);
  sent->span = tracing::LiveSpan();
}

void enter_getresponse(Call& call, Scope& scope) {
  const Ref span = requests.get(call.self()).item(Py_ssize_t{0});
  if (!span) return;
  requests.remove(call.self());
  scope.emplace<OnConnection>(tracing::LiveSpan::of(span), Ref());
}

// An answer that does not come is no error of the span.
void leave_getresponse(Outcome& outcome, Scope& scope) {
  OnConnection* answered = scope.get<OnConnection>();
  if (!answered) return;
  const Ref headers = outcome.result.attr(kHeaders);
  if (answered->span)
    tag_response(
        answered->span.span(),
        {.status = static_cast<int>(outcome.result.attr(kStatus).integer()), .headers = headers});
  answered->end();
}

// No answer can come any more: a client that connects in pieces has given up.
void enter_close(Call& call, Scope& scope) {
  if (requests.empty()) return;
  const Ref row = requests.get(call.self());
  if (!row || row.item(Py_ssize_t{1}).is_true()) return;
  requests.remove(call.self());
  scope.emplace<OnConnection>(tracing::LiveSpan::of(row.item(Py_ssize_t{0})), Ref()).end();
}

constexpr const char* kModules[] = {"http.client"};
constexpr py::Target kTargets[] = {
    {"http.client:HTTPConnection.request", enter_request, leave_sending},
    {"http.client:HTTPConnection.putrequest", enter_putrequest, leave_sending},
    {"http.client:HTTPConnection.putheader", enter_putheader},
    {"http.client:HTTPConnection.getresponse", enter_getresponse, leave_getresponse},
    {"http.client:HTTPConnection.close", enter_close},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {
    .name = "httplib", .modules = kModules, .targets = kTargets, .prepare = prepare};

}  // namespace dd::contrib::httplib
