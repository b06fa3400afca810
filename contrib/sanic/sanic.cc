// sanic: one span a request, named after its route.
//
// An application compiles its own methods again when it starts: what is known of a request comes
// from its signals, which stay.

#include <string>
#include <string_view>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/plain_request.h"
#include "contrib/support/web_server.h"
#include "core/py/attached.h"
#include "core/py/error.h"
#include "core/py/method.h"
#include "core/trace/tags.h"

namespace dd::contrib::sanic {
namespace {

Name kAddSignal("add_signal"), kException("exception"), kHeaders("headers"), kMethod("method"),
    kName("name"), kRawPath("raw_path"), kRequest("request"), kResponse("response"),
    kRoute("route"), kStatus("status"), kStatusCode("status_code"), kUrl("url");

constexpr std::string_view kComponent = "sanic";
constexpr trace::Key kRouteName("sanic.route.name");
constinit const std::string* own_service = nullptr;

void prepare(const Settings& from) { own_service = new std::string(from.own_service("sanic")); }

struct Served {
  LiveSpan span;
};
constinit py::Attached<Served> served;

const LiveSpan* span_of(Handle request) {
  const Served* state = served.find(request);
  return state && state->span.open() ? &state->span : nullptr;
}

void on_request(const Call& call) {
  const Handle request = call.arg(kRequest);
  if (!request || served.find(request)) return;
  const Settings& all = settings();
  const Named named = all.naming.of_server(
      {.integration = kComponent, .fallback = kComponent, .own = *own_service});
  const PlainRequest asks = {.method = request.attr(kMethod).text(),
                             .url = request.attr(kUrl).text(),
                             .headers = plain_headers(request.attr(kHeaders)),
                             .peer = {}};
  LiveSpan live =
      start_plain_request(asks, true,
                          {.name = all.naming.operation({"sanic.request", "http.server.request"}),
                           .service = named.service,
                           .type = "web",
                           .measured = true});
  if (!live) return;
  trace::Span& span = live.span();
  span.set_static(tags::kComponent, kComponent);
  span.set_static(tags::kSpanKind, "server");
  span.set(tags::kServiceSource, named.source);
  tag_plain_request(span, asks);
  served.attach(request, Served{std::move(live)});
}

void on_route(const Call& call) {
  const LiveSpan* live = span_of(call.arg(kRequest));
  const Handle route = call.arg(kRoute);
  if (!live || !route) return;
  trace::Span& span = live->span();
  const Ref path = route.attr(kRawPath), name = route.attr(kName);
  span.set_resource(std::string(span.text(tags::kHttpMethod)).append(" /").append(path.utf8()));
  if (name.is_str()) span.set(kRouteName, name.utf8());
}

// What was raised, unless it says of itself that it is no error.
void on_exception(const Call& call) {
  const LiveSpan* live = span_of(call.arg(kRequest));
  const Handle error = call.arg(kException);
  if (!live || !error) return;
  const long long status = error.attr(kStatusCode).integer(500);
  if (settings().error_statuses.contains(static_cast<int>(status))) live->fail(error);
}

void on_response(const Call& call) {
  const Handle request = call.arg(kRequest), answer = call.arg(kResponse);
  const LiveSpan* live = span_of(request);
  if (!live) return;
  if (const long long status = answer.attr(kStatus).integer())
    tag_http_status(live->span(), static_cast<int>(status));
  const Ref headers = answer.attr(kHeaders);
  tag_plain_answer(live->span(), headers);
  live->finish();
}

// A signal calls with keywords only. The answer is None: nothing to wait for.
template <void (*hear)(const Call&)>
PyObject* receive(PyObject*, PyObject* const* args, Py_ssize_t count, PyObject* kwnames) {
  const Call call(args, static_cast<std::size_t>(count), kwnames, false, nullptr);
  hear(call);
  py::swallow_error();
  return py::none().release();
}

template <void (*hear)(const Call&)>
void listen(Handle application, const char* event) {
  static PyMethodDef definition = {"datadog", py::method<receive<hear>>,
                                   METH_FASTCALL | METH_KEYWORDS, nullptr};
  const Ref receiver = Ref::steal(PyCFunction_New(&definition, nullptr));
  (void)application.call_method(kAddSignal, receiver, py::str(event));
}

void enter_make(Call& call, Scope& scope) { scope.emplace<Ref>(call.self().share()); }
void leave_make(Outcome& outcome, Scope& scope) {
  const Ref* application = scope.get<Ref>();
  if (!application || outcome.error) return;
  listen<on_request>(*application, "http.lifecycle.request");
  listen<on_route>(*application, "http.routing.after");
  listen<on_exception>(*application, "http.lifecycle.exception");
  listen<on_response>(*application, "http.lifecycle.response");
}

constexpr const char* kModules[] = {"sanic"};
constexpr py::Target kTargets[] = {
    {.where = "sanic.app:Sanic.__init__", .enter = enter_make, .leave = leave_make},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "sanic",
                                     .package = "sanic",
                                     .versions = ">=21.9.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::sanic
