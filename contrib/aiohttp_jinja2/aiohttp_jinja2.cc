// aiohttp_jinja2: a span for each template that is rendered.

#include "contrib/support/integration.h"
#include "contrib/support/step.h"

namespace dd::contrib::aiohttp_jinja2 {
namespace {

py::Name kTemplate("template_name");

void enter_render(py::Call& call, py::Scope& scope) {
  const tracing::LiveSpan& live = start_step(
      scope, {.name = "aiohttp.template", .component = "aiohttp_jinja2", .type = "template"});
  const std::string name = call.arg(0, kTemplate).text();
  if (live && !name.empty()) live.span().set(trace::Key("aiohttp.template"), "/" + name);
}

void leave_render(py::Outcome& outcome, py::Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"aiohttp_jinja2"};
constexpr py::Target kTargets[] = {
    {"aiohttp_jinja2:render_template", enter_render, leave_render},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "aiohttp_jinja2",
                                     .package = "aiohttp-jinja2",
                                     .versions = ">=1.5.0",
                                     .modules = kModules,
                                     .targets = kTargets};

}  // namespace dd::contrib::aiohttp_jinja2
