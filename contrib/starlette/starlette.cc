// starlette: the request, its route through mounts and routers, and tasks behind it.

#include "contrib/support/asgi.h"
#include "contrib/support/code_origin.h"
#include "contrib/support/integration.h"
#include "contrib/support/served.h"
#include "contrib/support/step.h"
#include "core/py/attached.h"

namespace dd::contrib::starlette {
namespace {

Name kBackgroundTasks("BackgroundTasks"), kFastApi("FastAPI"), kFastApiModule("fastapi"),
    kContext("context"), kDependant("dependant"), kEndpoint("endpoint"), kFunc("func"),
    kMethod("method"), kMethods("methods"), kScope("scope"), kLinkSpan("link_span"),
    kName("__name__"), kPath("path"), kTasks("tasks");

constexpr std::string_view kOutside[] = {"starlette/applications.py",
                                         "starlette/middleware/errors.py"};
constexpr AsgiFacts kFacts = {.component = "starlette",
                              .request = {"starlette.request", "http.server.request"},
                              .fallback = "starlette",
                              .has_error_page = true,
                              .outside = kOutside};
constinit const AsgiKnobs* knobs = nullptr;

void prepare(const Settings& from) { knobs = asgi_knobs(from, kFacts); }

// Applications of FastAPI are FastAPI's.
bool is_of_fastapi(Handle application) {
  const Ref module = py::imported(kFastApiModule);
  return module && application.instance_of(module.attr(kFastApi));
}

void enter_application(Call& call, Scope& scope) {
  tell_routes(call.self());
  if (!is_of_fastapi(call.self())) enter_asgi(call, scope, kFacts, *knobs);
}

void enter_route(Call& call, Scope&) {
  const Ref path = call.self().attr(kPath);
  add_asgi_route(call.self(), path.utf8());
}

// FastAPI calls its endpoints itself.
void enter_endpoint_route(Call& call, Scope& scope) {
  enter_route(call, scope);
  const Ref methods = call.self().attr(kMethods), method = call.arg(0, kScope).item(kMethod);
  const Ref dependant = call.self().attr(kDependant);
  if (dependant || !method) return;
  if (methods && !methods.is_none() && PySet_Check(methods.ptr()) && methods.size() > 0 &&
      !methods.contains(method))
    return;
  const Ref endpoint = call.self().attr(kEndpoint);
  tell_code_origin(endpoint);
}

// Tasks that were added to a list of tasks; one that stands alone has no span.
struct Listed {
  std::string_view span_name;
};
constinit py::Attached<Listed> listed;

void enter_add(Call& call, Scope& scope) { scope.emplace<Ref>(call.self().share()); }
void leave_add(Outcome&, Scope& scope) {
  const Ref* tasks = scope.get<Ref>();
  if (!tasks) return;
  const Ref task = tasks->attr(kTasks).item(Py_ssize_t{-1});
  const Ref fastapi = py::imported(kFastApiModule);
  const bool of_fastapi = fastapi && tasks->instance_of(fastapi.attr(kBackgroundTasks));
  if (task)
    listed.attach(task, {of_fastapi ? "fastapi.background_task" : "starlette.background_task"});
}

struct Task {
  std::string_view span_name;
  Ref function;
};

void enter_task(Call& call, Scope& scope) {
  if (const Listed* task = listed.find(call.self()))
    scope.emplace<Task>(task->span_name, call.self().attr(kFunc).attr(kName));
}
void begin_task(Scope& scope) {
  const Task* task = scope.get<Task>();
  if (!task) return;
  const std::string name = task->function.text();
  const std::string_view span_name = task->span_name;
  const tracing::LiveSpan& live =
      start_step(scope, {.name = span_name, .resource = name, .is_root = true});
  const Ref request = asgi_request();
  if (live && request) (void)live.object().call_method(kLinkSpan, request.attr(kContext));
}
void leave_task(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"starlette"};
constexpr py::Target kTargets[] = {
    {.where = "starlette.applications:Starlette.__call__",
     .enter = enter_application,
     .leave = leave_asgi,
     .kind = py::Kind::kAwaitable,
     .begin = begin_asgi},
    {.where = "starlette.routing:Route.handle", .enter = enter_endpoint_route},
    {.where = "starlette.routing:Mount.handle", .enter = enter_route},
    {.where = "starlette.background:BackgroundTasks.add_task",
     .enter = enter_add,
     .leave = leave_add},
    {.where = "starlette.background:BackgroundTask.__call__",
     .enter = enter_task,
     .leave = leave_task,
     .kind = py::Kind::kAwaitable,
     .begin = begin_task},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "starlette",
                                     .package = "starlette",
                                     .versions = ">=0.14.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::starlette
