// bottle: one span a request, named after its route.
//
// A route calls its function through its plugins. One of ours is the innermost: the call gets its
// span there. Requests that no route answers have none.

#include <string>
#include <string_view>
#include <utility>

#include "contrib/support/code_origin.h"
#include "contrib/support/integration.h"
#include "contrib/support/web_server.h"
#include "core/py/error.h"
#include "core/py/method.h"
#include "core/trace/tags.h"

namespace dd::contrib::bottle {
namespace {

Name kBottle("bottle"), kCallback("callback"), kEnviron("environ"), kHttpResponse("HTTPResponse"),
    kHeaders("headerlist"), kRequest("request"), kResponse("response"), kRule("rule"),
    kScriptName("SCRIPT_NAME"), kSkipList("skiplist"), kStatus("status_code");

constexpr WebRequestFacts kFacts = {.component = "bottle",
                                    .request = {"bottle.request", "http.server.request"}};
constinit bool continues = true;

void prepare(const Settings& from) { continues = from.knob("bottle", "DISTRIBUTED_TRACING", true); }

LiveSpan start(Handle route) {
  const Ref environ = py::imported(kBottle).attr(kRequest).attr(kEnviron);
  if (!environ.is_dict()) return {};
  LiveSpan live = start_web_request(kFacts, environ, continues);
  if (!live) return live;
  const Ref rule = route.attr(kRule), mounted = environ.item(kScriptName);
  std::string_view prefix = mounted.utf8();
  while (prefix.ends_with("/")) prefix.remove_suffix(1);
  trace::Span& span = live.span();
  span.set_resource(std::string(span.text(tags::kHttpMethod)).append(" ").append(rule.utf8()));
  span.set(tags::kHttpRoute, std::string(prefix).append(rule.utf8()));
  const Ref callback = route.attr(kCallback);
  tell_code_origin(callback);
  return live;
}

// The answer is what was returned or raised when that is one, else bottle's own for this request.
void finish(const LiveSpan& live, Handle result, Handle error) {
  const Ref module = py::imported(kBottle);
  const Ref own = module.attr(kResponse), kind = module.attr(kHttpResponse);
  const Handle given = error ? error : result;
  const bool is_answer = kind && given.instance_of(kind);
  if (error) live.fail(error);
  const Handle answer = is_answer ? given : Handle(own);
  const bool broken = error && !is_answer;
  tag_http_status(live.span(), broken ? 500 : static_cast<int>(answer.attr(kStatus).integer()));
  if (!broken) tag_answer_headers(live.span(), answer.attr(kHeaders));
  live.finish();
}

// self: (what the route calls, the route)
PyObject* call_route(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* kwnames) {
  const LiveSpan live = start(PyTuple_GET_ITEM(self, 1));
  PyObject* result = PyObject_Vectorcall(PyTuple_GET_ITEM(self, 0), args,
                                         static_cast<std::size_t>(count), kwnames);
  if (!live) return result;
  if (result) {
    finish(live, result, nullptr);
    return result;
  }
  py::ErrorKeep error;
  finish(live, nullptr, error.instance());
  return nullptr;
}

// A plugin of bottle's: what it makes of the function of a route.
PyObject* trace_route(PyObject* route, PyObject* function) {
  static PyMethodDef definition = {"call_route", py::method<call_route>,
                                   METH_FASTCALL | METH_KEYWORDS, nullptr};
  const Handle parts[] = {function, route};
  const Ref self = py::tuple(parts);
  return PyCFunction_New(&definition, self.ptr());
}

// Ours is the innermost. Routes of mounted applications take no plugins.
void enter_plugins(py::Call& call, Scope& scope) {
  bool takes = true;
  call.self().attr(kSkipList).each([&](Handle skipped) { takes = takes && !skipped.is_true(); });
  if (takes) scope.emplace<Ref>(call.self().share());
}

void leave_plugins(Outcome& outcome, Scope& scope) {
  const Ref* route = scope.get<Ref>();
  if (!route || !outcome.result) return;
  static PyMethodDef definition = {"trace_route", trace_route, METH_O, nullptr};
  const Ref plugin = Ref::steal(PyCFunction_New(&definition, route->ptr()));
  Ref plugins = py::list();
  if (!plugin || !plugins.append(plugin)) return;
  outcome.result.each([&](Handle other) { (void)plugins.append(other); });
  outcome.replace(std::move(plugins));
}

constexpr const char* kModules[] = {"bottle"};
constexpr py::Target kTargets[] = {
    {.where = "bottle:Route.all_plugins", .enter = enter_plugins, .leave = leave_plugins},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "bottle",
                                     .package = "bottle",
                                     .versions = ">=0.12",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::bottle
