#include <atomic>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "contrib/registry.h"
#include "core/base/mutex.h"
#include "core/product/product.h"
#include "core/py/error.h"
#include "core/py/later.h"
#include "core/py/ref.h"
#include "core/remote_config/apm_tracing.h"
#include "core/remote_config/remote_config.h"
#include "host/children/policy.h"
#include "host/emulated.h"
#include "host/products.h"
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

constinit product::Gate remote_gate, library_gate, flare_gate;

constexpr remote_config::Product kLibrary[] = {{.name = "APM_TRACING",
                                                .capabilities = remote_config::kLibraryCapabilities,
                                                .changed = &remote_config::change_library}};

Status start_remote() {
  remote_config::start({.tracer_version = DD_EMULATED_VERSION});
  return {};
}

Status start_library() {
  remote_config::on_library_change(&library_changed);
  return {};
}

constinit std::atomic<int> flare_level{flare::kUsual};

// On Python's main thread. Without `logging` or the package there is nobody to say anything.
void change_level() {
  if (!py::imported("logging") || !py::imported("ddtrace")) return;
  const py::Ref module = py::imported("ddtrace._logger");
  if (module) (void)module.attr("keep_for_flare").call(py::integer(flare_level.load()));
  py::swallow_error();
}

void level_wanted(int level) {
  if (flare_level.exchange(level) != level) (void)py::call_later(&change_level);
}

Status start_flare() {
  flare::start({.settings = {children::settings()}, .set_level = &level_wanted});
  return {};
}

}  // namespace
}  // namespace dd::host

namespace dd::products {

constinit const product::Product remote_configuration = {
    .gate = &host::remote_gate,
    .settings = &remote_config::settings,
    .wanted =
        [] {
          return product::Wanted{remote_config::wanted(), "DD_REMOTE_CONFIGURATION_ENABLED"};
        },
    .start = &host::start_remote,
    .told = true,
};

constinit const product::Product apm_tracing = {
    .gate = &host::library_gate,
    .start = &host::start_library,
    .remote = []() -> std::span<const remote_config::Product> { return host::kLibrary; },
    .told = true,
};

constinit const product::Product tracer_flare = {
    .gate = &host::flare_gate,
    .start = &host::start_flare,
    .remote = &flare::remote,
};

}  // namespace dd::products
