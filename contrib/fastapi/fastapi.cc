// fastapi: the request, its route, and the making of its answer.

#include "contrib/support/asgi.h"
#include "contrib/support/code_origin.h"
#include "contrib/support/integration.h"
#include "contrib/support/step.h"

namespace dd::contrib::fastapi {
namespace {

Name kCall("call"), kContext("effective_route_context"), kDependant("dependant"),
    kFastApi("fastapi"), kOriginal("original_route"), kPath("path"), kPathFormat("path_format"),
    kScope("scope");

constexpr std::string_view kOutside[] = {"fastapi/applications.py", "starlette/applications.py"};
constexpr AsgiFacts kFacts = {.component = "fastapi",
                              .request = {"fastapi.request", "http.server.request"},
                              .fallback = "fastapi",
                              .outside = kOutside};
constinit const AsgiKnobs* knobs = nullptr;

void prepare(const Settings& from) { knobs = asgi_knobs(from, kFacts); }

void enter_application(Call& call, Scope& scope) { enter_asgi(call, scope, kFacts, *knobs); }

// The path of a route in an included router has the router's prefix since FastAPI 0.14x only in
// the context of the request.
void enter_route(Call& call, Scope&) {
  const Handle route = call.self();
  const Ref context = call.arg(0, kScope).item(kFastApi).item(kContext);
  const Ref original = context.attr(kOriginal);
  const Ref path = original.is(route) ? context.attr(kPathFormat) : route.attr(kPath);
  add_asgi_route(route, path.utf8());
}

void enter_endpoint(Call& call, Scope&) {
  const Ref endpoint = call.arg(kDependant).attr(kCall);
  tell_code_origin(endpoint);
}

void enter_serialize(Call&, Scope&) {}
void begin_serialize(Scope& scope) { start_step(scope, {.name = "fastapi.serialize_response"}); }
void leave_serialize(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"fastapi"};
constexpr py::Target kTargets[] = {
    {.where = "fastapi.applications:FastAPI.__call__",
     .enter = enter_application,
     .leave = leave_asgi,
     .kind = py::Kind::kAwaitable,
     .begin = begin_asgi},
    {.where = "fastapi.routing:APIRoute.handle", .enter = enter_route},
    {.where = "starlette.routing:Mount.handle", .enter = enter_route},
    {.where = "fastapi.routing:run_endpoint_function", .enter = enter_endpoint, .optional = true},
    {.where = "fastapi.routing:serialize_response",
     .enter = enter_serialize,
     .leave = leave_serialize,
     .kind = py::Kind::kAwaitable,
     .begin = begin_serialize},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "fastapi",
                                     .package = "fastapi",
                                     .versions = ">=0.64.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::fastapi
