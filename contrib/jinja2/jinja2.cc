// jinja2: spans for finding, compiling and rendering a template.

#include <string>
#include <string_view>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/trace/tags.h"

namespace dd::contrib::jinja2 {
namespace {

Name kFilename("filename"), kName("name");
constexpr std::string_view kUnnamed = "<memory>";

constinit const std::string* own_service = nullptr;

void prepare(const Settings& from) { own_service = new std::string(from.own_service("jinja2")); }

// Its own only when somebody named it.
Step step_named(std::string_view name, std::string_view resource) {
  const bool own = !own_service->empty();
  return {.name = name,
          .service = own ? std::string_view(*own_service) : std::string_view(),
          .source = own ? std::string_view("m") : std::string_view(),
          .resource = resource,
          .type = "template"};
}

void start(Scope& scope, std::string_view span_name, Handle template_name, bool measured) {
  const std::string_view given = template_name.utf8();
  const std::string_view name = given.empty() ? kUnnamed : given;
  Step step = step_named(span_name, name);
  step.component = "jinja2";
  step.measured = measured;
  const tracing::LiveSpan& live = start_step(scope, step);
  if (live) live.span().set(tags::kJinja2TemplateName, name);
}

void enter_render(Call& call, Scope& scope) {
  const Ref name = call.self().attr(kName);
  start(scope, "jinja2.render", name, true);
}

void enter_compile(Call& call, Scope& scope) {
  start(scope, "jinja2.compile", call.arg(1, kName), false);
}

// Finding a template belongs to whoever asks: it has no component of its own.
void enter_load(Call& call, Scope& scope) {
  const Handle asked = call.arg(0, kName);
  const tracing::LiveSpan& live = start_step(scope, step_named("jinja2.load", asked.utf8()));
  if (live && asked.is_str()) live.span().set(tags::kJinja2TemplateName, asked.utf8());
}

void leave_load(Outcome& outcome, Scope& scope) {
  const tracing::LiveSpan* live = step_of(scope);
  const Ref path = outcome.result.attr(kFilename);
  if (live && path.is_str()) live->span().set(tags::kJinja2TemplatePath, path.utf8());
  finish_step(outcome, scope);
}

void leave(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"jinja2"};
constexpr py::Target kTargets[] = {
    {"jinja2.environment:Template.render", enter_render, leave},
    {"jinja2.environment:Template.generate", enter_render, leave},
    {"jinja2.environment:Environment.compile", enter_compile, leave},
    {"jinja2.environment:Environment._load_template", enter_load, leave_load},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "jinja2",
                                     .package = "jinja2",
                                     .versions = ">=2.10",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::jinja2
