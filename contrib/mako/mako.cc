// mako: a span for each template that is rendered.

#include <string>
#include <string_view>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/trace/tags.h"

namespace dd::contrib::mako {
namespace {

Name kCallable("callable_"), kFilename("filename"), kModule("__module__"), kName("__name__");
constexpr trace::Key kTemplateName("mako.template_name");
constinit const std::string* own_service = nullptr;

void prepare(const Settings& from) { own_service = new std::string(from.own_service("mako")); }

std::string name_of(Handle of) {
  const Ref file = of.attr(kFilename);
  if (file.is_str()) return file.text();
  const Ref callable = of.attr(kCallable);
  const Ref module = callable.attr(kModule), name = callable.attr(kName);
  if (of.type_name() != "DefTemplate" || !module.is_str()) return "<memory>";
  return module.text() + "." + name.text();
}

void enter(Call& call, Scope& scope) {
  const std::string shown = name_of(call.self());
  const Named named =
      settings().naming.of_server({.integration = "mako", .fallback = "mako", .own = *own_service});
  const tracing::LiveSpan& live = start_step(scope, {.name = static_cast<const char*>(call.data()),
                                                     .component = "mako",
                                                     .service = named.service,
                                                     .source = "m",
                                                     .resource = shown,
                                                     .type = "template",
                                                     .measured = true});
  if (live) live.span().set(kTemplateName, shown);
}

void leave(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

constexpr const char* kModules[] = {"mako"};
constexpr py::Target kTargets[] = {
    {.where = "mako.template:Template.render",
     .enter = enter,
     .leave = leave,
     .data = "mako.template.render"},
    {.where = "mako.template:Template.render_unicode",
     .enter = enter,
     .leave = leave,
     .data = "mako.template.render_unicode"},
    {.where = "mako.template:Template.render_context",
     .enter = enter,
     .leave = leave,
     .data = "mako.template.render_context"},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "mako",
                                     .package = "mako",
                                     .versions = ">=1.0.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::mako
