#include "host/remote_setup.h"

#include <optional>
#include <string>
#include <utility>

#include "contrib/registry.h"
#include "core/base/mutex.h"
#include "core/py/later.h"
#include "core/remote_config/remote_config.h"
#include "host/children/policy.h"
#include "host/emulated.h"
#include "products/flare/flare.h"

namespace dd::host {
namespace {

constinit base::Mutex handing_on;
constinit contrib::Changes* waiting DD_GUARDED_BY(handing_on) = nullptr;

// On Python's main thread.
void change_integrations() {
  contrib::Changes changes;
  {
    const base::MutexLock lock(handing_on);
    if (waiting != nullptr) changes = std::move(*waiting);
    delete std::exchange(waiting, nullptr);
  }
  contrib::change_settings(changes);
}

// On the worker.
void library_changed(const remote_config::LibraryConfig& before,
                     const remote_config::LibraryConfig& now) {
  if (before.log_injection == now.log_injection && before.header_tags == now.header_tags) return;
  std::optional<std::string> logs;
  if (now.log_injection) logs = *now.log_injection ? "true" : "false";
  {
    const base::MutexLock lock(handing_on);
    if (waiting == nullptr) waiting = new contrib::Changes;
    *waiting = {{"DD_LOGS_INJECTION", logs}, {"DD_TRACE_HEADER_TAGS", now.header_tags}};
  }
  (void)py::call_later(&change_integrations);
}

}  // namespace

void start_remote_configuration() {
  if (!remote_config::wanted()) return;
  flare::start({.settings = {children::settings()}});
  remote_config::start({.tracer_version = DD_EMULATED_VERSION, .changed = &library_changed});
}

}  // namespace dd::host
