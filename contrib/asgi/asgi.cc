// asgi: the middleware class of ddtrace.contrib.asgi, around any application.

#include "contrib/support/asgi.h"

#include "contrib/support/integration.h"

namespace dd::contrib::asgi_middleware {
namespace {

constexpr std::string_view kOutside[] = {"ddtrace/contrib/asgi.py"};
constexpr AsgiFacts kFacts = {.component = "asgi",
                              .request = {"asgi.request", "http.server.request"},
                              .fallback = {},
                              .outside = kOutside};
constinit const AsgiKnobs* knobs = nullptr;

void prepare(const Settings& from) { knobs = asgi_knobs(from, kFacts); }

void enter(py::Call& call, py::Scope& scope) { enter_asgi(call, scope, kFacts, *knobs); }

constexpr const char* kModules[] = {"ddtrace.contrib.asgi"};
constexpr py::Target kTargets[] = {{.where = "ddtrace.contrib.asgi:TraceMiddleware._run",
                                    .enter = enter,
                                    .leave = leave_asgi,
                                    .kind = py::Kind::kAwaitable,
                                    .begin = begin_asgi}};

}  // namespace

}  // namespace dd::contrib::asgi_middleware

namespace dd::contrib::asgi {
extern const Integration integration;
constexpr Integration integration = {.name = "asgi",
                                     .modules = asgi_middleware::kModules,
                                     .targets = asgi_middleware::kTargets,
                                     .prepare = asgi_middleware::prepare};
}  // namespace dd::contrib::asgi
