// django: the request from the handler's call to its answer, middlewares, the view and its methods,
// and, when asked for, templates and caches.
//
// Middlewares and cache backends are classes that the settings name: their methods are hooked when
// Django has loaded them. Views are traced where the handler asks for them just before their call.

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "contrib/django/database.h"
#include "contrib/support/asgi.h"
#include "contrib/support/code_origin.h"
#include "contrib/support/header_rules.h"
#include "contrib/support/integration.h"
#include "contrib/support/served.h"
#include "contrib/support/step.h"
#include "contrib/support/traced_call.h"
#include "contrib/support/web_server.h"
#include "core/py/attached.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"

namespace dd::contrib::django {
namespace {

Name kRouteName("route"), kAppName("app_name"), kAsyncMode("async_mode"),
    kCachedUser("_cached_user"), kCall("__call__"), kEngine("engine"), kFunc("func"),
    kGetResponse("get_response"), kIsAuthenticated("is_authenticated"), kItems("items"),
    kKey("key"), kKeys("keys"), kMeta("META"), kMiddleware("MIDDLEWARE"), kMixin("MiddlewareMixin"),
    kModule("__module__"), kName("name"), kNamespace("namespace"), kPathInfo("path_info"),
    kPlainName("__name__"), kQualName("__qualname__"), kRequest("request"), kResolve("resolve"),
    kResolverMatch("resolver_match"), kScope("scope"), kSettings("settings"), kPrimaryKey("pk"),
    kSession("session"), kSessionKey("session_key"), kStatusCode("status_code"),
    kTemplateName("template_name"), kUrlConf("urlconf"), kUser("user"), kUserName("username"),
    kHttp404("Http404"), kViewClass("view_class"), kViewName("view_name");

constexpr std::string_view kComponent = "django";
constexpr Operation kRequestName = {"django.request", "http.server.request"};

enum class Resources : unsigned char { kRoute, kHandler, kLegacyHandler };

struct Wishes {
  std::string own_service, cache_service;
  Resources resources = Resources::kRoute;
  bool middlewares = true, templates = false, caches = false, user_names = true;
  bool continues = true;  // the traces of requests
};
constinit const Wishes* wishes = nullptr;

void prepare(const Settings& from) {
  auto* made = new Wishes{.own_service = from.own_service("django")};
  made->cache_service = from.text("DD_DJANGO_CACHE_SERVICE").value_or(std::string());
  if (from.knob("django", "USE_LEGACY_RESOURCE_FORMAT", false))
    made->resources = Resources::kLegacyHandler;
  if (from.knob("django", "USE_HANDLER_RESOURCE_FORMAT", false))
    made->resources = Resources::kHandler;
  made->continues = from.knob("django", "DISTRIBUTED_TRACING", true);
  made->middlewares = from.knob("django", "INSTRUMENT_MIDDLEWARE", true);
  const bool more = !from.knob("django", "TRACING_MINIMAL", true);
  made->templates = from.knob("django", "INSTRUMENT_TEMPLATES", more);
  made->caches = from.knob("django", "INSTRUMENT_CACHES", more);
  made->user_names = from.knob("django", "INCLUDE_USER_NAME", true);
  database::prepare(from, more);
  wishes = made;
}

std::string path_of(Handle type) { return class_path(type); }

// "module.name" of a view of any kind.
std::string view_path(Handle view) {
  const Ref made_by = view.attr(kViewClass);
  if (made_by) return path_of(made_by);
  const Ref name = view.attr(kPlainName);
  return name.is_str() ? callable_name(view) : path_of(view.type());
}

// --- the request ---

struct Request {
  explicit Request(LiveSpan&& started, Ref object)
      : span(std::move(started)), request(std::move(object)) {}
  Request(Request&& other) noexcept
      : span(std::move(other.span)), request(std::move(other.request)) {}
  ~Request() {
    if (span.open()) span.finish();
  }
  LiveSpan span;
  Ref request;
};

struct Asked {
  Ref request;
};

void begin(Scope& scope, Ref request) {
  const Settings& all = settings();
  const Named named = all.naming.of_server(
      {.integration = kComponent, .fallback = kComponent, .own = wishes->own_service});
  const tracing::SpanStart start = {
      .name = all.naming.operation(kRequestName),
      .service = named.service,
      .type = "web",
      .measured = true,
      .known_name = trace::Text::lasting(all.naming.operation(kRequestName))};
  const Ref environ = request.attr(kMeta);
  const Ref continued = wishes->continues ? tracing::continued(environ) : Ref();
  LiveSpan live = start_wsgi_span(environ, continued, start);
  if (!live) return;
  trace::Span& span = live.span();
  span.set_static(tags::kComponent, kComponent);
  span.set_static(tags::kSpanKind, "server");
  span.set(tags::kServiceSource, named.source);
  span.set(trace::Key("django.request.class"), usual_class_path(request.type()));
  if (const Ref of = request.attr(kScope); of.is_dict())
    tag_asgi_request(span, of);
  else
    tag_wsgi_request(span, environ);
  scope.emplace<Request>(std::move(live), std::move(request));
}

// What the URL leads to, also when a middleware has answered before Django looked.
Ref resolver_match(Handle request, std::string_view status) {
  Ref match = request.attr(kResolverMatch);
  if (match && !match.is_none()) return match;
  if (status == "404") return {};
  Ref urls = request.attr(kUrlConf);
  if (!urls) urls = py::none();
  match = py::imported("django.urls").attr(kResolve).call(request.attr(kPathInfo), urls);
  return match;
}

void tag_route(trace::Span& span, Handle request, std::string_view method) {
  const Ref match = resolver_match(request, span.text(tags::kHttpStatusCode));
  if (!match) return;
  const Ref route = match.attr(kRouteName), view = match.attr(kFunc), name = match.attr(kViewName);
  const std::string shown = route.utf8().empty() ? "^/" : route.text();
  span.set(tags::kHttpRoute, shown);
  if (wishes->resources == Resources::kRoute)
    span.set_resource(std::string(method).append(" ").append(shown));
  else if (wishes->resources == Resources::kHandler)
    span.set_resource(std::string(method).append(" ").append(view_path(view)));
  else
    span.set_resource(view_path(view));
  if (name.is_str()) span.set(trace::Key("django.view"), name.utf8());
  const Ref space = match.attr(kNamespace), application = match.attr(kAppName);
  if (!space.utf8().empty()) span.set(trace::Key("django.namespace"), space.utf8());
  if (!application.utf8().empty()) span.set(trace::Key("django.app"), application.utf8());
}

void tag_response(trace::Span& span, Handle response) {
  span.set(trace::Key("django.response.class"), usual_class_path(response.type()));
  tag_http_status(span, static_cast<int>(response.attr(kStatusCode).integer()));
  const Ref template_name = response.attr(kTemplateName);
  constexpr std::string_view kTag = "django.response.template";
  if (template_name.is_str()) {
    span.set(trace::Key(kTag), template_name.utf8());
  } else if ((template_name.is_list() || template_name.is_tuple()) && template_name.size() == 1) {
    span.set(trace::Key(kTag), template_name.item(Py_ssize_t{0}).text());
  } else if (template_name.is_list() || template_name.is_tuple()) {
    int number = 0;
    template_name.each([&](Handle one) {
      const std::string key = std::string(kTag) + "." + std::to_string(number++);
      span.set(trace::Key(key), one.text());
    });
  }
}

// A lazy user that nobody has looked at may cost a query: without a session it is nobody, else it
// stays unknown.
void tag_user(trace::Span& span, Handle request) {
  constexpr trace::Key kKnown("django.user.is_authenticated");
  Ref user = request.attr(kUser);
  if (!user || user.is_none()) return;
  if (user.type_name() == "SimpleLazyObject") {
    user = request.attr(kCachedUser);
    const Ref session = request.attr(kSession);
    if (!user && session && session.attr(kSessionKey).is_none()) span.set_static(kKnown, "False");
    if (!user) return;
  }
  const Ref authenticated = user.attr(kIsAuthenticated);
  if (!authenticated) return;
  span.set_static(kKnown, authenticated.truth() ? "True" : "False");
  if (!authenticated.truth()) return;
  const Ref id = user.attr(kPrimaryKey), name = user.attr(kUserName);
  if (id && !id.is_none()) {
    span.set(trace::Key("django.user.id"), id.display());
    span.set(trace::Key("usr.id"), id.display());
  }
  if (wishes->user_names && name.is_str()) span.set(trace::Key("django.user.name"), name.utf8());
}

void leave_request(Outcome& outcome, Scope& scope) {
  const Request* state = scope.get<Request>();
  if (!state || !state->span) return;
  trace::Span& span = state->span.span();
  if (outcome.error) state->span.fail(outcome.error);
  if (outcome.result) {
    tag_response(span, outcome.result);
    if (!HeaderRules(span).empty()) tag_answer_headers(span, outcome.result.call_method(kItems));
  }
  const std::string method(span.text(tags::kHttpMethod));
  if (span.resource.view() == span.name.view()) {
    tag_route(span, state->request, method);
    tell_django_urls();
    // An address that leads nowhere is one resource, whatever a middleware answered.
    if (span.resource.view() == span.name.view() && span.has(tags::kHttpStatusCode))
      span.set_resource(method + " 404");
  }
  tag_user(span, state->request);
  state->span.finish();
}

void enter_request(Call& call, Scope& scope) { begin(scope, call.arg(0, kRequest).share()); }

void enter_request_async(Call& call, Scope& scope) {
  scope.emplace<Asked>(call.arg(0, kRequest).share());
}
void begin_request_async(Scope& scope) {
  Asked* asked = scope.get<Asked>();
  if (asked) begin(scope, std::move(asked->request));
}

// --- steps inside ---

// `data` of a target is the last part of the resource, ".get": the class of self comes before it.
void enter_method(Call& call, Scope& scope) {
  const Handle self = call.self();
  if (!self || self.attr(kAsyncMode).is_true()) return;
  const auto* method = static_cast<const std::string*>(call.data());
  start_step(scope, {.name = "django.middleware",
                     .component = kComponent,
                     .resource = usual_class_path(self.type(), *method),
                     .name_lasts = true});
}
void leave_method(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

// What an earlier load of the settings has hooked stays hooked: a target is made once.
struct Table {
  std::deque<std::string> texts;
  std::deque<py::Target> targets;
  std::vector<std::string> places;
  py::Patch patch;
};
constexpr std::size_t kMostTargets = 256;  // the engine has room for four times as many

Table& table() {
  static constinit Table* made = nullptr;
  if (!made) made = new Table;
  return *made;
}

// With `begin` it is followed to the end of its coroutine.
void hook_method(Handle type, const char* method, py::Enter enter, py::Leave leave,
                 void (*begin)(Scope&) = nullptr) {
  Table& all = table();
  const Ref module = type.attr(kModule), name = type.attr(kQualName);
  std::string place = module.text() + ":" + name.text() + "." + method;
  if (all.targets.size() >= kMostTargets || !type.attr(method)) return;
  for (const std::string& known : all.places)
    if (known == place) return;
  all.places.push_back(place);
  const std::string& where = all.texts.emplace_back(std::move(place));
  const std::string& last = all.texts.emplace_back(std::string(".") + method);
  const py::Target& target =
      all.targets.emplace_back(py::Target{.where = where.c_str(),
                                          .enter = enter,
                                          .leave = leave,
                                          .kind = begin ? py::Kind::kAwaitable : py::Kind::kCall,
                                          .data = &last,
                                          .begin = begin});
  (void)all.patch.apply(std::span(&target, 1));
}

// The object of a dotted path whose module has been imported.
Ref named(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  if (dot == path.npos) return {};
  const std::string module(path.substr(0, dot)), name(path.substr(dot + 1));
  return py::imported(module.c_str()).attr(name.c_str());
}

constexpr const char* kPhases[] = {"process_request", "process_response", "process_view",
                                   "process_exception", "process_template_response"};
constexpr const char* kCacheMethods[] = {"get",  "set",      "add",      "delete",     "incr",
                                         "decr", "get_many", "set_many", "delete_many"};

void enter_cache(Call& call, Scope& scope);
void leave_cache(Outcome& outcome, Scope& scope);

void leave_load_middleware(Outcome&, Scope&) {
  const Ref all = py::imported("django.conf").attr(kSettings);
  const Ref mixin_call = py::imported("django.utils.deprecation").attr(kMixin).attr(kCall);
  if (wishes->middlewares)
    all.attr(kMiddleware).each([&](Handle path) {
      const Ref type = named(path.utf8());
      if (!type.is_class()) return;
      if (!type.attr(kCall).is(mixin_call))
        hook_method(type, "__call__", enter_method, leave_method);
      for (const char* phase : kPhases) hook_method(type, phase, enter_method, leave_method);
    });
}

void leave_make_cache(Outcome& outcome, Scope&) {
  if (!wishes->caches || !outcome.result) return;
  for (const char* method : kCacheMethods)
    hook_method(outcome.result.type(), method, enter_cache, leave_cache);
}

// A middleware that a function made is a function of its own: it is named after its maker.
void enter_convert(Call& call, Scope&) {
  const Handle handler = call.arg(0, kGetResponse);
  if (!wishes->middlewares || !handler || handler.type_name() != "function") return;
  const Ref module = handler.attr(kModule), name = handler.attr(kQualName);
  const std::size_t inside = name.utf8().find(".<locals>");
  if (inside == std::string_view::npos || gives_coroutines(handler)) return;
  const std::string resource = module.text() + "." + std::string(name.utf8().substr(0, inside));
  (void)call.replace_arg(
      0, kGetResponse,
      traced_call(handler,
                  {.name = "django.middleware", .resource = resource, .component = kComponent}));
}

// --- views that are awaited ---
//
// Django asks each whether it is a coroutine function, so nothing may stand in for one. Its
// function is hooked, for calls from the request or a middleware.

bool is_view_call() {
  const trace::Span* active = tracing::active_span();
  return active && active->text(tags::kComponent) == kComponent &&
         (active->name.view() == "django.middleware" || active->type.view() == "web");
}

void start_view(Scope& scope, Handle function) {
  const std::string resource = view_path(function);
  if (start_step(scope, {.name = "django.view",
                         .component = kComponent,
                         .resource = resource,
                         .name_lasts = true}))
    tell_code_origin(function);
}

// A function that raises it answers 404. Of class-based views it is told as an error.
Ref not_found() { return py::imported("django.http").attr(kHttp404); }

void leave_async_view(Outcome& outcome, Scope& scope) {
  const bool is_answer = outcome.error && outcome.error.instance_of(not_found());
  const Outcome calm(py::none(), Handle(), nullptr);
  finish_step(is_answer ? calm : outcome, scope);
}

// What View.as_view() makes returns the coroutine of another method.
void enter_marked_view(Call& call, Scope& scope) {
  if (is_view_call()) start_view(scope, call.callable());
}
void enter_async_view(Call& call, Scope& scope) { scope.emplace<Asked>(call.callable().share()); }
void begin_async_view(Scope& scope) {
  const Asked* asked = scope.get<Asked>();
  if (!asked || !is_view_call()) return;
  const Ref function = asked->request.share();
  start_view(scope, function);
}

constexpr py::Target kMarkedView = {
    .where = "django:<view>", .enter = enter_marked_view, .leave = leave_method};
constexpr py::Target kAsyncView = {.where = "django:<view>",
                                   .enter = enter_async_view,
                                   .leave = leave_async_view,
                                   .kind = py::Kind::kAwaitable,
                                   .begin = begin_async_view};

void adopt_view(Handle view) {
  struct Seen {};
  static constinit py::Attached<Seen> seen;
  static constinit py::Patch* views = nullptr;
  if (seen.find(view)) return;
  seen.attach(view, {});
  if (!views) views = new py::Patch;
  const bool is_marked = static_cast<bool>(view.attr(kViewClass));
  views->adopt(view, is_marked ? kMarkedView : kAsyncView);
}

void leave_make_view(Outcome& outcome, Scope&) {
  if (!outcome.result) return;
  if (gives_coroutines(outcome.result)) return adopt_view(outcome.result);
  const std::string resource = view_path(outcome.result);
  const Ref answer = outcome.result.attr(kViewClass) ? Ref() : not_found();
  outcome.replace(traced_call(outcome.result, {.name = "django.view",
                                               .resource = resource,
                                               .component = kComponent,
                                               .entry = true,
                                               .answer = answer}));
}

struct StepFacts {
  std::string_view name, method;
};
constexpr StepFacts kSetup = {"django.view.setup", "setup"},
                    kDispatch = {"django.view.dispatch", "dispatch"},
                    kRender = {"django.response.render", "render"};

// Of a method where it is defined.
void enter_defined(Call& call, Scope& scope) {
  const auto& facts = *static_cast<const StepFacts*>(call.data());
  start_step(scope, {.name = facts.name,
                     .component = kComponent,
                     .resource = "django.views.generic.base.View." + std::string(facts.method),
                     .name_lasts = true});
}
void enter_render(Call& call, Scope& scope) {
  start_step(scope, {.name = kRender.name,
                     .component = kComponent,
                     .resource = usual_class_path(call.self().type(), ".render"),
                     .name_lasts = true});
}

// The method that answers: `get` of the class that defines it.
void start_verb(Scope& scope, Handle type, const std::string& method) {
  const Ref function = type.attr(method.c_str() + 1);
  start_step(
      scope,
      {.name = "django.view" + method, .component = kComponent, .resource = path_of(function)});
}
void enter_verb(Call& call, Scope& scope) {
  start_verb(scope, call.self().type(), *static_cast<const std::string*>(call.data()));
}

struct AskedVerb {
  Ref type;
  const std::string* method;
};
void enter_async_verb(Call& call, Scope& scope) {
  scope.emplace<AskedVerb>(call.self().type().share(),
                           static_cast<const std::string*>(call.data()));
}
void begin_async_verb(Scope& scope) {
  AskedVerb* asked = scope.get<AskedVerb>();
  if (!asked) return;
  const Ref type = std::move(asked->type);
  start_verb(scope, type, *asked->method);
}
void leave_as_view(Outcome& outcome, Scope&) {
  const Ref type = outcome.result.attr(kViewClass);
  if (!type.is_class()) return;
  for (const char* verb : {"get", "post", "put", "patch", "delete", "head", "options", "trace"}) {
    const Ref method = type.attr(verb);
    if (std::string_view(verb) == "options" &&
        path_of(method) == "django.views.generic.base.View.options")
      continue;
    if (method && gives_coroutines(method))
      hook_method(type, verb, enter_async_verb, leave_method, begin_async_verb);
    else
      hook_method(type, verb, enter_verb, leave_method);
  }
}

void enter_template(Call& call, Scope& scope) {
  if (!wishes->templates) return;
  const Ref name = call.self().attr(kName);
  const bool has_name = !name.utf8().empty();
  const LiveSpan& live = start_step(
      scope, {.name = "django.template.render",
              .component = kComponent,
              .resource = has_name ? name.utf8() : "django.template.base.Template.render",
              .type = "template",
              .name_lasts = true});
  if (!live) return;
  if (has_name) live.span().set(trace::Key("django.template.name"), name.utf8());
  live.span().set(trace::Key("django.template.engine.class"),
                  path_of(call.self().attr(kEngine).type()));
}

void enter_cache(Call& call, Scope& scope) {
  const auto* method = static_cast<const std::string*>(call.data());
  const Ref function = call.self().type().attr(method->c_str() + 1),
            module = function.attr(kModule);
  const Named named = settings().naming.of_client(
      {.integration = kComponent, .fallback = kComponent, .own = wishes->cache_service});
  const LiveSpan& live = start_step(scope, {.name = "django.cache",
                                            .component = kComponent,
                                            .service = named.service,
                                            .source = named.source,
                                            .resource = module.text() + *method,
                                            .type = "cache"});
  if (!live) return;
  live.span().set(trace::Key("django.cache.backend"), path_of(call.self().type()));
  const Handle one = call.arg(0, kKey);
  const Handle asked = one ? one : call.arg(kKeys);
  std::string shown = asked.is_str() ? asked.text() : std::string();
  if (asked.is_list() || asked.is_tuple() || asked.is_dict())
    asked.each([&](Handle key) {
      if (!shown.empty()) shown.push_back(' ');
      shown.append(key.display());
    });
  live.span().set(trace::Key("django.cache.key"), shown);
  live.span().set(tags::kDbRowCount, std::int64_t{0});
}
void leave_cache(Outcome& outcome, Scope& scope) {
  const LiveSpan* live = step_of(scope);
  if (live && outcome.result) {
    const std::string_view resource = live->span().resource.view();
    const Handle result = outcome.result;
    // The default that get_many() asks with is an `object`.
    if (resource.ends_with(".get") && !result.is_none() && result.type_name() != "object")
      live->span().set(tags::kDbRowCount, std::int64_t{1});
    if (resource.ends_with(".get_many"))
      live->span().set(tags::kDbRowCount,
                       static_cast<std::int64_t>(result.is_dict() ? result.size() : 0));
  }
  finish_step(outcome, scope);
}

void enter_mixin(Call& call, Scope& scope) {
  const Handle self = call.self();
  if (!wishes->middlewares || self.attr(kAsyncMode).is_true()) return;
  start_step(scope, {.name = "django.middleware",
                     .component = kComponent,
                     .resource = usual_class_path(self.type(), ".__call__"),
                     .name_lasts = true});
}

constexpr Extra kExtras[] = {{database::kTargets, database::wanted},
                             {database::kSqliteTargets, [] { return true; }}};
constexpr const char* kModules[] = {"django"};
constexpr py::Target kTargets[] = {
    {"django.core.handlers.base:BaseHandler.get_response", enter_request, leave_request},
    {.where = "django.core.handlers.base:BaseHandler.get_response_async",
     .enter = enter_request_async,
     .leave = leave_request,
     .kind = py::Kind::kAwaitable,
     .optional = true,
     .begin = begin_request_async},
    {.where = "django.core.handlers.base:BaseHandler.load_middleware",
     .leave = leave_load_middleware},
    {.where = "django.core.cache:CacheHandler.create_connection",
     .leave = leave_make_cache,
     .optional = true},
    {.where = "django.core.cache:_create_cache", .leave = leave_make_cache, .optional = true},
    {.where = "django.core.handlers.base:BaseHandler.make_view_atomic", .leave = leave_make_view},
    {.where = "django.core.handlers.exception:convert_exception_to_response",
     .enter = enter_convert},
    {.where = "django.utils.deprecation:MiddlewareMixin.__call__",
     .enter = enter_mixin,
     .leave = leave_method},
    {.where = "django.views.generic.base:View.as_view", .leave = leave_as_view},
    {.where = "django.views.generic.base:View.setup",
     .enter = enter_defined,
     .leave = leave_method,
     .optional = true,
     .data = &kSetup},
    {.where = "django.views.generic.base:View.dispatch",
     .enter = enter_defined,
     .leave = leave_method,
     .data = &kDispatch},
    {.where = "django.template.response:SimpleTemplateResponse.render",
     .enter = enter_render,
     .leave = leave_method},
    {.where = "django.template.base:Template.render",
     .enter = enter_template,
     .leave = leave_method},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "django",
                                     .package = "django",
                                     .versions = ">=2.2.8",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare,
                                     .extras = kExtras};

}  // namespace dd::contrib::django
