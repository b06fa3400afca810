// flask: the request through the WSGI engine, its route, and the steps and functions inside.
//
// Flask passes each function of the application through Flask.ensure_sync() just before it calls
// it. There the call gets its span: registered functions stay what they are. Flask 1 calls them as
// they are: their calls are hooked when they are registered. Receivers of signals get their spans
// when the signal lists them.

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "contrib/support/code_origin.h"
#include "contrib/support/integration.h"
#include "contrib/support/library_version.h"
#include "contrib/support/step.h"
#include "contrib/support/traced_call.h"
#include "contrib/support/web_server.h"
#include "core/telemetry/telemetry.h"
#include "core/trace/tags.h"

namespace dd::contrib::flask {
namespace {

Name kAutomaticOptions("provide_automatic_options"), kCode("__code__"), kCurrentApp("current_app"),
    kCurrentObject("_get_current_object"), kEndpoint("endpoint"), kEnviron("environ"), kF("f"),
    kFlask("flask"), kFunc("func"), kHandlers("error_handler_spec"), kMethod("method"),
    kMethods("methods"), kName("__name__"), kNext("tb_next"), kNotFound("NotFound"),
    kPlainName("name"), kReceivers("receivers"), kRequest("request"),
    kRoutingException("routing_exception"), kRule("rule"), kScriptName("SCRIPT_NAME"),
    kTraceback("__traceback__"), kUrlRule("url_rule"), kViewArgs("view_args"),
    kViewFunc("view_func"), kViewFunctions("view_functions");

constexpr WebServerFacts kFacts = {.component = "flask",
                                   .request = {"flask.request", "http.server.request"},
                                   .application = "flask.application",
                                   .response = "flask.response"};
struct Knobs {
  std::string own_service, version, nameless_template;
  bool continues, tells_arguments, tells_signals;
};
constinit const Knobs* knobs = nullptr;

void prepare(const Settings& from) {
  knobs = new Knobs{
      .own_service = from.own_service("flask"),
      .version = knobs ? knobs->version : library_version("flask"),
      .nameless_template = from.text("flask", "TEMPLATE_DEFAULT_NAME").value_or("<memory>"),
      .continues = from.knob("flask", "DISTRIBUTED_TRACING", true),
      .tells_arguments = from.knob("flask", "COLLECT_VIEW_ARGS", true),
      .tells_signals = from.knob("flask", "TRACE_SIGNALS", true)};
}

void enter_wsgi(Call& call, Scope& scope) {
  trace::Span* span =
      start_wsgi_request(call, scope, kFacts, knobs->own_service, 0, knobs->continues);
  if (span && !knobs->version.empty()) span->set_static(tags::kFlaskVersion, knobs->version);
}
void leave_wsgi(Outcome& outcome, Scope& scope) { finish_wsgi_request(outcome, scope, kFacts); }

struct StepFacts {
  std::string_view name;
};

void enter_step(Call& call, Scope& scope) {
  const StepFacts& facts = *static_cast<const StepFacts*>(call.data());
  tracing::LiveSpan& live =
      start_step(scope, {.name = facts.name, .component = kFacts.component, .name_lasts = true});
  if (!live || live.span().parent || live.span().parent_id) return;
  // Called by hand, without a request.
  const Named named = settings().naming.of_server(
      {.integration = kFacts.component, .fallback = kFacts.component, .own = knobs->own_service});
  live.span().set_service(named.service);
  live.span().set(tags::kServiceSource, named.source);
}

void leave_step(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

bool is_not_found(Handle error) {
  if (!error) return false;
  const Ref type = py::imported("werkzeug.exceptions").attr(kNotFound);
  return type && error.instance_of(type);
}

// An unknown page is no error of the step that looks for it.
void leave_dispatch(Outcome& outcome, Scope& scope) {
  if (!is_not_found(outcome.error)) return finish_step(outcome, scope);
  if (const tracing::LiveSpan* live = step_of(scope)) live->finish();
}

void set_view_argument(const RequestSpans& spans, Handle name, Handle value) {
  std::string key("flask.view_args.");
  key.append(name.text());
  const bool is_number = value.is_float() || (value.is_int() && !value.is_bool());
  std::string room;
  std::string_view shown = value.utf8();
  if (shown.empty() && !is_number) shown = room = value.display();
  for (trace::Span* span : {spans.request, spans.application}) {
    if (!is_number)
      span->set(trace::Key(key), shown);
    else if (value.is_float())
      span->set(trace::Key(key), value.number());
    else
      span->set(trace::Key(key), static_cast<std::int64_t>(value.integer()));
  }
}

// The request without its proxy, which is Python code: from the context variable of Flask 2.2 to
// 3.1 when it is there.
Ref running_request() {
  static constinit PyObject* variable = nullptr;
  if (!variable) {
    Ref found = py::imported("flask.globals").attr("_cv_request");
    if (!found || !PyContextVar_CheckExact(found.ptr())) found = py::none();
    variable = found.release();
  }
  if (variable != Py_None) {
    Ref context;
    if (PyContextVar_Get(variable, nullptr, context.out()) == 0 && context)
      return context.attr(kRequest);
    py::swallow_error();
  }
  return py::imported(kFlask).attr(kRequest).call_method(kCurrentObject);
}

std::string joined(std::string_view method, std::string_view path) {
  std::string text;
  text.reserve(method.size() + 1 + path.size());
  return text.append(method).append(" ").append(path);
}

// Flask has matched the URL by the time it preprocesses the request.
void tag_route() {
  const RequestSpans spans = current_request(kFacts);
  if (!spans.request) return;
  const Ref request = running_request(), rule_object = request.attr(kUrlRule);
  if (!rule_object || rule_object.is_none()) return;
  const Ref rule = rule_object.attr(kRule), endpoint = rule_object.attr(kEndpoint);
  const Ref view_args = request.attr(kViewArgs), mounted = request.attr(kEnviron).item(kScriptName);
  const std::string_view method = spans.request->text(tags::kHttpMethod);
  const std::string resource = joined(method, rule.utf8());
  const std::string whole =  // when the application is mounted below another one
      mounted.utf8().empty() ? std::string() : joined(method, mounted.utf8()).append(rule.utf8());
  for (trace::Span* span : {spans.request, spans.application}) {
    span->set_resource(resource);
    if (!whole.empty()) span->set(tags::kFlaskResourceFull, whole);
    span->set(tags::kFlaskEndpoint, endpoint.utf8());
    span->set(tags::kFlaskUrlRule, rule.utf8());
  }
  if (knobs->tells_arguments)
    view_args.each_pair(
        [&spans](Handle name, Handle value) { set_view_argument(spans, name, value); });
  spans.request->set(tags::kHttpRoute, rule.utf8());
}

void enter_preprocess(Call& call, Scope& scope) {
  tag_route();
  enter_step(call, scope);
}

// Endpoints that got their function from Flask.endpoint(), by application. Applications are
// compared, never touched.
struct NamedEndpoint {
  PyObject* app;
  std::string endpoint;
  bool operator==(const NamedEndpoint&) const = default;
};
constinit std::vector<NamedEndpoint>* named_endpoints = nullptr;

void enter_endpoint(Call& call, Scope&) {
  NamedEndpoint named{call.self().ptr(), call.arg(0, kEndpoint).text()};
  if (!named_endpoints) named_endpoints = new std::vector<NamedEndpoint>;
  if (std::ranges::find(*named_endpoints, named) == named_endpoints->end())
    named_endpoints->push_back(std::move(named));
}

// What ensure_sync() is asked for: the step that is active says it. Inside a function of the
// application another span is active: a class-based view asks again from there.
enum class Asks : unsigned char { kNothing, kView, kFunction, kHandler };

Asks what_asks() {
  const trace::Span* step = tracing::active_span();
  std::string_view name = step ? step->name.view() : std::string_view();
  if (!name.starts_with("flask.")) return Asks::kNothing;
  name.remove_prefix(6);
  if (name == "dispatch_request") return Asks::kView;
  if (name.starts_with("handle_")) return Asks::kHandler;
  return name == "preprocess_request" || name == "process_response" ||
                 name.starts_with("do_teardown_") || name.starts_with("try_trigger_")
             ? Asks::kFunction
             : Asks::kNothing;
}

struct Asked {
  Ref function;
  PyObject* app;  // for comparing
  Asks what;
};

// Handlers of one blueprint only have no span.
bool handles_for_all(Handle app, Handle function) {
  bool found = false;
  const Ref for_all = app.attr(kHandlers).item(Py_None);
  for_all.each_pair([&](Handle, Handle by_class) {
    by_class.each_pair([&](Handle, Handle handler) { found = found || handler.is(function); });
  });
  return found;
}

void enter_ensure_sync(Call& call, Scope& scope) {
  const Asks what = what_asks();
  if (what == Asks::kNothing) return;
  if (what == Asks::kHandler && !handles_for_all(call.self(), call.arg(0, kFunc))) return;
  scope.emplace<Asked>(call.arg(0, kFunc).share(), call.self().ptr(), what);
}

struct View {
  std::string name, resource;
};

// `app` is for comparing.
View describe_view(Handle function, const PyObject* app) {
  std::string name = callable_name(function), endpoint, resource;
  if (const RequestSpans spans = current_request(kFacts); spans.application) {
    endpoint = spans.application->text(tags::kFlaskEndpoint);
    resource = spans.application->text(tags::kFlaskUrlRule);
  } else {
    const Ref rule = running_request().attr(kUrlRule);
    endpoint = rule.attr(kEndpoint).text();
    resource = rule.attr(kRule).text();
  }
  const auto is_this = [&](const NamedEndpoint& named) {
    return named.app == app && named.endpoint == endpoint;
  };
  if (named_endpoints && std::ranges::any_of(*named_endpoints, is_this)) {
    resource = endpoint;
  } else {
    // An endpoint that was not given is the function's name.
    const Ref plain = function.attr(kName);
    if (!endpoint.empty() && endpoint != plain.utf8()) name = endpoint;
  }
  return {std::move(name), std::move(resource)};
}

void leave_ensure_sync(Outcome& outcome, Scope& scope) {
  const Asked* asked = scope.get<Asked>();
  if (!asked || !outcome.result) return;
  if (asked->what == Asks::kView) {
    const View view = describe_view(asked->function, asked->app);
    outcome.replace(traced_call(outcome.result, {.name = view.name,
                                                 .resource = view.resource,
                                                 .component = kFacts.component,
                                                 .entry = true}));
  } else {
    const std::string name = callable_name(asked->function);
    outcome.replace(traced_call(outcome.result, {.name = name, .component = kFacts.component}));
  }
}

// Flask 1: the functions themselves, in the steps that call them.
void enter_registered(Call& call, Scope& scope) {
  const Asks what = what_asks();
  if (what == Asks::kNothing) return;
  if (what == Asks::kView) {
    const Ref app = py::imported(kFlask).attr(kCurrentApp).call_method(kCurrentObject);
    const View view = describe_view(call.callable(), app.ptr());
    const Step step = {.name = view.name, .component = kFacts.component, .resource = view.resource};
    if (start_step(scope, step)) tell_code_origin(call.callable());
  } else {
    const std::string name = callable_name(call.callable());
    start_step(scope, {.name = name, .component = kFacts.component});
  }
}

// Flask 1: views that are no functions, where they are called.
void enter_object_view(Call& call, Scope& scope) {
  const Ref request = running_request(), rule = request.attr(kUrlRule);
  const Ref impossible = request.attr(kRoutingException);
  if (!rule || (impossible && !impossible.is_none())) return;
  if (rule.attr(kAutomaticOptions).truth() && request.attr(kMethod).text() == "OPTIONS") return;
  const Ref view = call.self().attr(kViewFunctions).item(rule.attr(kEndpoint));
  if (!view || view.attr(kCode)) return;
  const View shown = describe_view(view, call.self().ptr());
  const Step step = {.name = shown.name, .component = kFacts.component, .resource = shown.resource};
  if (start_step(scope, step)) tell_code_origin(view);
}

void leave_object_view(Outcome& outcome, Scope& scope) {
  tracing::LiveSpan* live = step_of(scope);
  if (!live || !*live) return;
  // Without the frame that is not the view's.
  if (outcome.error) live->fail(outcome.error, outcome.error.attr(kTraceback).attr(kNext));
  settle_source(live->span());
  live->finish();
}

constexpr py::Target kRegistered = {
    .where = "flask:<registered>", .enter = enter_registered, .leave = leave_step};
constinit py::Patch* registered = nullptr;

void adopt(Handle function, const py::Target& target = kRegistered) {
  if (!registered) registered = new py::Patch;
  if (function) registered->adopt(function, target);
}

void enter_register(Call& call, Scope&) { adopt(call.arg(0, kF)); }
constexpr py::Target kNamesView = {.where = "flask:Flask.endpoint.<decorator>",
                                   .enter = enter_register};
void leave_endpoint(Outcome& outcome, Scope&) {
  if (outcome.result) adopt(outcome.result, kNamesView);
}
void enter_add_url_rule(Call& call, Scope&) { adopt(call.arg(2, kViewFunc)); }
// What the application serves, for telemetry: with the methods that Flask adds.
void enter_route(Call& call, Scope&) {
  const std::string rule = call.arg(0, kRule).text();
  const Handle view = call.arg(2, kViewFunc), given = call.arg(kMethods);
  const Ref of_view = given && !given.is_none() ? Ref() : view.attr(kMethods);
  const Handle methods = of_view && !of_view.is_none() ? Handle(of_view) : given;
  std::vector<std::string> names;
  if (methods && !methods.is_none()) methods.each([&](Handle one) { names.push_back(one.text()); });
  if (names.empty()) names.emplace_back("GET");
  for (std::string& name : names)
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto has = [&](const char* name) { return std::ranges::find(names, name) != names.end(); };
  if (has("GET") && !has("HEAD")) names.emplace_back("HEAD");
  const Handle automatic = call.arg(3, kAutomaticOptions);
  if ((!automatic || automatic.truth(true)) && !has("OPTIONS")) names.emplace_back("OPTIONS");
  for (const std::string& name : names)
    telemetry::endpoint({.method = name,
                         .path = rule,
                         .operation = "flask.request",
                         .resource = name + " " + rule});
}

void enter_register_handler(Call& call, Scope&) { adopt(call.arg(2, kF)); }

// Signals: Flask's own only. They live as long as its module, and are told by their names there.
struct Signal {
  PyObject* object;
  PyObject* tracer;  // of its receivers
};

const Signal* signal_of_flask(Handle object) {
  static constinit std::vector<Signal>* signals = nullptr;
  if (!signals) {
    signals = new std::vector<Signal>;
    const Ref module = py::imported("flask.signals");
    module.attr("__dict__").each_pair([](Handle name, Handle value) {
      if (value.type_name() != "NamedSignal") return;
      const TracedCall how = {
          .component = kFacts.component, .tag = tags::kFlaskSignal.text, .tag_value = name.utf8()};
      signals->push_back({value.ptr(), each_tracer(how).release()});
    });
  }
  const auto found = std::ranges::find(*signals, object.ptr(), &Signal::object);
  return found == signals->end() ? nullptr : &*found;
}

// Most signals have no receivers.
void enter_receivers(Call& call, Scope& scope) {
  const Signal* signal = knobs->tells_signals ? signal_of_flask(call.self()) : nullptr;
  if (!signal) return;
  const Ref receivers = call.self().attr(kReceivers);
  if (receivers.is_dict() && PyDict_GET_SIZE(receivers.ptr()) == 0) return;
  scope.emplace<const Signal*>(signal);
}

void leave_receivers(Outcome& outcome, Scope& scope) {
  const Signal* const* signal = scope.get<const Signal*>();
  if (!signal || !outcome.result) return;
  outcome.replace(traced_each(outcome.result, (*signal)->tracer));
}

void enter_template(Call& call, Scope& scope) {
  start_step(scope, {.name = static_cast<const StepFacts*>(call.data())->name,
                     .component = kFacts.component,
                     .source = kFacts.component,
                     .type = "template",
                     .name_lasts = true});
}

// The template is known once it is found: _render(app, template, context), and before Flask 2.2
// _render(template, context, app).
void enter_found_template(Call& call, Scope&) {
  const Ref active = tracing::active();
  trace::Span* span = const_cast<trace::Span*>(tracing::native(active));
  if (!span || !span->name.view().starts_with("flask.render_template")) return;
  const Ref name = call.arg(call.arg(1).is_dict() ? 0 : 1).attr(kPlainName);
  const std::string_view shown = name.is_str() ? name.utf8() : knobs->nameless_template;
  span->set_resource(shown);
  span->set(tags::kFlaskTemplateName, shown);
}

constexpr StepFacts kPreprocess = {"flask.preprocess_request"},
                    kDispatch = {"flask.dispatch_request"}, kProcess = {"flask.process_response"},
                    kHandle = {"flask.handle_exception"},
                    kHandleHttp = {"flask.handle_http_exception"},
                    kHandleUser = {"flask.handle_user_exception"},
                    kTeardownRequest = {"flask.do_teardown_request"},
                    kTeardownContext = {"flask.do_teardown_appcontext"},
                    kJsonify = {"flask.jsonify"}, kSendFile = {"flask.send_file"},
                    kSendStatic = {"flask.send_static_file"}, kRender = {"flask.render_template"},
                    kRenderText = {"flask.render_template_string"},
                    kFirstRequest = {"flask.try_trigger_before_first_request_functions"};

constexpr py::Target step(const char* where, const StepFacts& facts, py::Enter enter = enter_step,
                          py::Leave leave = leave_step) {
  return {.where = where, .enter = enter, .leave = leave, .data = &facts};
}

constexpr py::Target registration(const char* where, py::Enter enter = enter_register) {
  return {.where = where, .enter = enter, .versions = "<2", .optional = true};
}

constexpr const char* kModules[] = {"flask"};
constexpr py::Target kTargets[] = {
    {"flask:Flask.wsgi_app", enter_wsgi, leave_wsgi},
    step("flask:Flask.preprocess_request", kPreprocess, enter_preprocess),
    // Before the step, which is around it.
    {.where = "flask:Flask.dispatch_request",
     .enter = enter_object_view,
     .leave = leave_object_view,
     .versions = "<2"},
    step("flask:Flask.dispatch_request", kDispatch, enter_step, leave_dispatch),
    step("flask:Flask.process_response", kProcess),
    step("flask:Flask.handle_exception", kHandle),
    step("flask:Flask.handle_http_exception", kHandleHttp),
    step("flask:Flask.handle_user_exception", kHandleUser),
    step("flask:Flask.do_teardown_request", kTeardownRequest),
    step("flask:Flask.do_teardown_appcontext", kTeardownContext),
    step("flask:Flask.send_static_file", kSendStatic),
    step("flask:jsonify", kJsonify),
    step("flask:send_file", kSendFile),
    step("flask:render_template", kRender, enter_template, leave_step),
    step("flask:render_template_string", kRenderText, enter_template, leave_step),
    {.where = "flask.templating:_render", .enter = enter_found_template, .optional = true},
    {.where = "flask:Flask.endpoint", .enter = enter_endpoint},
    {.where = "blinker.base:Signal.receivers_for",
     .enter = enter_receivers,
     .leave = leave_receivers,
     .optional = true},
    {.where = "flask:Flask.ensure_sync",
     .enter = enter_ensure_sync,
     .leave = leave_ensure_sync,
     .optional = true},
    {.where = "flask:Flask.try_trigger_before_first_request_functions",
     .enter = enter_step,
     .leave = leave_step,
     .versions = "<2.3",
     .optional = true,
     .data = &kFirstRequest},
    {.where = "flask:Flask.add_url_rule", .enter = enter_route},
    registration("flask:Flask.add_url_rule", enter_add_url_rule),
    registration("flask:Flask._register_error_handler", enter_register_handler),
    {.where = "flask:Flask.endpoint", .leave = leave_endpoint, .versions = "<2"},
    registration("flask:Flask.before_first_request"),
    registration("flask:Flask.before_request"),
    registration("flask:Flask.after_request"),
    registration("flask:Flask.teardown_request"),
    registration("flask:Flask.teardown_appcontext"),
    registration("flask:Blueprint.before_request"),
    registration("flask:Blueprint.before_app_request"),
    registration("flask:Blueprint.before_app_first_request"),
    registration("flask:Blueprint.after_request"),
    registration("flask:Blueprint.after_app_request"),
    registration("flask:Blueprint.teardown_request"),
    registration("flask:Blueprint.teardown_app_request"),
    registration("flask:after_this_request"),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "flask",
                                     .package = "flask",
                                     .versions = ">=1.1.4",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::flask
