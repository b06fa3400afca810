// gevent: a greenlet continues the trace of who made it.
//
// Each greenlet has a context of its own, empty at first; what is active goes into it. Raw
// greenlets and threads of gevent's pool start without a trace, as threads do.

#include "contrib/support/integration.h"
#include "core/tracing/live_span.h"

namespace dd::contrib::gevent {
namespace {

Name kGrContext("gr_context");

struct Made {
  Ref greenlet;
};

void enter_init(Call& call, Scope& scope) {
  if (tracing::active()) scope.emplace<Made>(call.self().share());
}

void leave_init(Outcome& outcome, Scope& scope) {
  const Made* made = scope.get<Made>();
  if (!made || outcome.error) return;
  const Ref active = tracing::active();
  Ref context = made->greenlet.attr(kGrContext);
  if (!context || !active) return;
  if (context.is_none()) context = Ref::steal(PyContext_New());
  if (!context || PyContext_Enter(context.ptr()) < 0) return;
  tracing::activate(active);
  if (PyContext_Exit(context.ptr()) == 0) (void)made->greenlet.set_attr(kGrContext, context);
}

constexpr const char* kModules[] = {"gevent"};
constexpr py::Target kTargets[] = {
    {.where = "gevent.greenlet:Greenlet.__init__", .enter = enter_init, .leave = leave_init},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "gevent",
                                     .package = "gevent",
                                     .versions = ">=21.1.2",
                                     .modules = kModules,
                                     .targets = kTargets};

}  // namespace dd::contrib::gevent
