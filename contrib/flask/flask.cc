// flask: the request through the WSGI engine, its route, and the steps and functions inside.
//
// Flask passes each function of the application through Flask.ensure_sync() just before it calls
// it. There the call gets its span: registered functions stay what they are.

#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "contrib/support/traced_call.h"
#include "contrib/support/web_server.h"
#include "core/trace/tags.h"

namespace dd::contrib::flask {
namespace {

namespace tags = trace::tags;
using py::Call;
using py::Handle;
using py::Name;
using py::Outcome;
using py::Ref;
using py::Scope;

Name kEndpoint("endpoint"), kFunc("func"), kModule("__module__"), kName("__name__"),
    kNotFound("NotFound"), kRequest("request"), kRule("rule"), kTemplate("template_name_or_list"),
    kUrlRule("url_rule"), kViewArgs("view_args");

constexpr WebServerFacts kFacts = {.component = "flask",
                                   .request = {"flask.request", "http.server.request"},
                                   .application = "flask.application",
                                   .response = "flask.response"};
constinit const std::string* own_service = nullptr;

void prepare(const Settings& from) { own_service = new std::string(from.own_service("flask")); }

void enter_wsgi(Call& call, Scope& scope) { start_wsgi_request(call, scope, kFacts, *own_service); }
void leave_wsgi(Outcome& outcome, Scope& scope) { finish_wsgi_request(outcome, scope, kFacts); }

// What ensure_sync() is asked for by the step that runs, and how deep in functions of the
// application: a class-based view asks again from inside the view.
enum class Asks : unsigned char { kNothing, kView, kFunction };
thread_local Asks asks = Asks::kNothing;
thread_local int asks_at = 0;

struct Asking {
  explicit Asking(Asks what)
      : before(std::exchange(asks, what)), before_at(std::exchange(asks_at, traced_call_depth())) {}
  Asking(Asking&& other) noexcept
      : step(std::move(other.step)), before(other.before), before_at(other.before_at) {
    other.owner = false;
  }
  ~Asking() {
    if (owner) {
      asks = before;
      asks_at = before_at;
    }
    if (step && !step.span().finished()) step.finish();
  }

  tracing::LiveSpan step;
  Asks before;
  int before_at;
  bool owner = true;
};

struct StepFacts {
  std::string_view name;
  Asks asks;
};

void enter_step(Call& call, Scope& scope) {
  const StepFacts& facts = *static_cast<const StepFacts*>(call.data());
  Asking& state = scope.emplace<Asking>(facts.asks);
  state.step = tracing::LiveSpan::start({.name = facts.name});
  if (state.step) state.step.span().set_static(tags::kComponent, kFacts.component);
}

void leave_step(Outcome& outcome, Scope& scope) {
  const Asking* state = scope.get<Asking>();
  if (!state || !state->step) return;
  if (outcome.error) state->step.fail(outcome.error);
  state->step.finish();
}

bool is_not_found(Handle error) {
  const Ref type = py::imported("werkzeug.exceptions").attr(kNotFound);
  return error && type && error.instance_of(type);
}

// An unknown page is no error of the step that looks for it.
void leave_dispatch(Outcome& outcome, Scope& scope) {
  const Asking* state = scope.get<Asking>();
  if (!state || !state->step) return;
  if (outcome.error && !is_not_found(outcome.error)) state->step.fail(outcome.error);
  state->step.finish();
}

void set_view_argument(trace::Span& span, std::string_view key, Handle value) {
  if (value.is_int() && !value.is_bool())
    span.set(trace::Key(key), static_cast<std::int64_t>(value.integer()));
  else if (value.is_float())
    span.set(trace::Key(key), value.number());
  else
    span.set(trace::Key(key), value.display());
}

// Flask has matched the URL by the time it preprocesses the request.
void tag_route() {
  const RequestSpans spans = current_request();
  const Ref request = py::imported("flask").attr(kRequest);
  const Ref rule_object = request.attr(kUrlRule);
  if (!rule_object || rule_object.is_none()) return;
  const Ref rule = rule_object.attr(kRule), endpoint = rule_object.attr(kEndpoint);
  const Ref view_args = request.attr(kViewArgs);
  for (const Handle object : {spans.request, spans.application}) {
    trace::Span* span = const_cast<trace::Span*>(tracing::native(object));
    if (!span) continue;
    const trace::Span* whole = tracing::native(spans.request);
    std::string resource(whole->text(tags::kHttpMethod));
    span->set_resource(resource.append(" ").append(rule.utf8()));
    span->set(tags::kFlaskEndpoint, endpoint.text());
    span->set(tags::kFlaskUrlRule, rule.utf8());
    if (object.is(spans.request)) span->set(tags::kHttpRoute, rule.utf8());
    view_args.each_pair([span](Handle key, Handle value) {
      set_view_argument(*span, "flask.view_args." + key.text(), value);
    });
  }
}

void enter_preprocess(Call& call, Scope& scope) {
  if (current_request().request) tag_route();
  enter_step(call, scope);
}

std::string function_name(Handle function) {
  const Ref module = function.attr(kModule), name = function.attr(kName);
  return name.is_str() ? module.text() + "." + name.text() : function.type().attr(kName).text();
}

void enter_ensure_sync(Call& call, Scope& scope) {
  if (asks == Asks::kNothing || asks_at != traced_call_depth()) return;
  scope.emplace<Ref>(call.arg(0, kFunc).share());
}

void leave_ensure_sync(Outcome& outcome, Scope& scope) {
  const Ref* function = scope.get<Ref>();
  if (!function || !outcome.result) return;
  std::string name = function_name(*function);
  if (asks != Asks::kView) {
    outcome.replace(traced_call(outcome.result, {.name = name, .component = kFacts.component}));
    return;
  }
  const Ref rule = py::imported("flask").attr(kRequest).attr(kUrlRule);
  const Ref endpoint = rule.attr(kEndpoint), resource = rule.attr(kRule);
  // An endpoint that was not given is the function's name.
  const Ref plain = function->attr(kName);
  if (endpoint.is_str() && endpoint.utf8() != plain.utf8()) name = endpoint.text();
  outcome.replace(traced_call(
      outcome.result, {.name = name, .resource = resource.utf8(), .component = kFacts.component}));
}

void enter_helper(Call& call, Scope& scope) {
  start_step(scope, {.name = static_cast<const StepFacts*>(call.data())->name,
                     .component = kFacts.component});
}
void leave_helper(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

void start_template(Call& call, Scope& scope, std::string_view name) {
  const tracing::LiveSpan& live =
      start_step(scope, {.name = static_cast<const StepFacts*>(call.data())->name,
                         .component = kFacts.component,
                         .resource = name,
                         .type = "template"});
  if (live && name.data()) live.span().set(tags::kFlaskTemplateName, name);
}
void enter_render(Call& call, Scope& scope) {
  const Handle asked = call.arg(0, kTemplate);
  start_template(call, scope, asked.is_str() ? asked.utf8() : std::string_view());
}
void enter_render_text(Call& call, Scope& scope) { start_template(call, scope, "<memory>"); }

constexpr StepFacts kPreprocess = {"flask.preprocess_request", Asks::kFunction},
                    kDispatch = {"flask.dispatch_request", Asks::kView},
                    kProcess = {"flask.process_response", Asks::kFunction},
                    kHandle = {"flask.handle_exception", Asks::kFunction},
                    kHandleHttp = {"flask.handle_http_exception", Asks::kFunction},
                    kHandleUser = {"flask.handle_user_exception", Asks::kFunction},
                    kTeardownRequest = {"flask.do_teardown_request", Asks::kFunction},
                    kTeardownContext = {"flask.do_teardown_appcontext", Asks::kFunction},
                    kJsonify = {"flask.jsonify", Asks::kNothing},
                    kSendFile = {"flask.send_file", Asks::kNothing},
                    kSendStatic = {"flask.send_static_file", Asks::kNothing},
                    kRender = {"flask.render_template", Asks::kNothing},
                    kRenderText = {"flask.render_template_string", Asks::kNothing};

constexpr py::Target step(const char* where, const StepFacts& facts, py::Enter enter = enter_step,
                          py::Leave leave = leave_step) {
  return {.where = where, .enter = enter, .leave = leave, .data = &facts};
}

constexpr const char* kModules[] = {"flask"};
constexpr py::Target kTargets[] = {
    {"flask:Flask.wsgi_app", enter_wsgi, leave_wsgi},
    step("flask:Flask.preprocess_request", kPreprocess, enter_preprocess),
    step("flask:Flask.dispatch_request", kDispatch, enter_step, leave_dispatch),
    step("flask:Flask.process_response", kProcess),
    step("flask:Flask.handle_exception", kHandle),
    step("flask:Flask.handle_http_exception", kHandleHttp),
    step("flask:Flask.handle_user_exception", kHandleUser),
    step("flask:Flask.do_teardown_request", kTeardownRequest),
    step("flask:Flask.do_teardown_appcontext", kTeardownContext),
    step("flask:Flask.send_static_file", kSendStatic, enter_helper, leave_helper),
    step("flask:jsonify", kJsonify, enter_helper, leave_helper),
    step("flask:send_file", kSendFile, enter_helper, leave_helper),
    step("flask:render_template", kRender, enter_render, leave_helper),
    step("flask:render_template_string", kRenderText, enter_render_text, leave_helper),
    {.where = "flask:Flask.ensure_sync",
     .enter = enter_ensure_sync,
     .leave = leave_ensure_sync,
     .optional = true},
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
