// jinja2: spans for finding, compiling and rendering a template.

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/trace/tags.h"

namespace dd::contrib::jinja2 {
namespace {

namespace tags = trace::tags;
using py::Call;
using py::Handle;
using py::Name;
using py::Outcome;
using py::Ref;
using py::Scope;

Name kFilename("filename"), kName("name");
constexpr std::string_view kUnnamed = "<memory>";

void start(Scope& scope, std::string_view span_name, Handle template_name, bool measured) {
  const std::string_view given = template_name.utf8();
  const std::string_view name = given.empty() ? kUnnamed : given;
  const tracing::LiveSpan& live = start_step(scope, {.name = span_name,
                                                     .component = "jinja2",
                                                     .resource = name,
                                                     .type = "template",
                                                     .measured = measured});
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
  const tracing::LiveSpan& live =
      start_step(scope, {.name = "jinja2.load", .resource = asked.utf8(), .type = "template"});
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
                                     .targets = kTargets};

}  // namespace dd::contrib::jinja2
