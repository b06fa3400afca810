// structlog: every event of a configured logger says which trace and service it belongs to.

#include "contrib/support/integration.h"
#include "contrib/support/log_correlation.h"

namespace dd::contrib::structlog {
namespace {

Name kConfig("_CONFIG"), kDefaultProcessors("default_processors"), kEventKw("event_kw"),
    kProcessors("_processors");

// A logger with processors of its own says what its owner wants it to say.
void enter_process_event(Call& call, Scope&) {
  const Ref config = py::imported("structlog._config").attr(kConfig);
  if (!call.self().attr(kProcessors).is(config.attr(kDefaultProcessors))) return;
  Ref event = py::dict();
  call.arg(2, kEventKw).each_pair([&](Handle key, Handle value) {
    (void)event.set_item(key, value);
  });
  put_log_correlation(event);
  (void)call.replace_arg(2, kEventKw, static_cast<Ref&&>(event));
}

constinit bool wanted = true;
constexpr const char* kModules[] = {"structlog"};
constexpr py::Target kEvents[] = {
    {"structlog._base:BoundLoggerBase._process_event", enter_process_event, nullptr},
};

constexpr Extra kExtras[] = {{kEvents, [] { return wanted; }}};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {
    .name = "structlog",
    .package = "structlog",
    .versions = ">=20.2.0",
    .modules = kModules,
    .prepare = [](const Settings& from) { wanted = from.log_injection; },
    .extras = kExtras};

}  // namespace dd::contrib::structlog
