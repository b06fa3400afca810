#include "contrib/registry.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/py/imports/import_hook.h"

namespace dd::contrib {

#define DD_INTEGRATION(folder, by_default) \
  namespace folder {                       \
  extern const Integration integration;    \
  }
#include "contrib/integrations.def"
#undef DD_INTEGRATION

namespace {

struct Row {
  const Integration* integration;
  bool by_default;
};

constexpr Row kRows[] = {
#define DD_INTEGRATION(folder, by_default) {&folder::integration, by_default},
#include "contrib/integrations.def"
#undef DD_INTEGRATION
};
constexpr std::size_t kCount = std::size(kRows);

struct State {
  bool on = false, triggered = false, prepared = false, applied = false;
  py::Patch patch;
  std::string trouble;
};

struct Registry {
  State states[kCount];
  std::vector<py::ModuleHook> watched;  // never changes once it is watched
};
constinit Registry* registry = nullptr;
constinit const Settings* in_force = nullptr;

std::size_t find(std::string_view name) {
  std::size_t at = 0;
  while (at < kCount && name != kRows[at].integration->name) ++at;
  return at;
}

void apply(const Integration& integration, State& state) {
  if (!state.on || !state.triggered) return;
  if (!state.prepared) {
    state.prepared = true;
    if (integration.prepare) integration.prepare(*in_force);
  }
  Status status = state.patch.apply(integration.targets).status();
  if (status.ok() && integration.wanted && integration.wanted())
    status = state.patch.apply(integration.extra).status();
  state.applied = !state.patch.empty();
  if (status.ok()) return;
  state.trouble = status.message();
  base::log(base::LogLevel::kDebug,
            std::string("integration ").append(integration.name).append(": ") + state.trouble);
}

bool triggers(const Integration& integration, std::string_view module) {
  return std::ranges::any_of(integration.modules,
                             [&](const char* trigger) { return module == trigger; });
}

// `data` points into kRows. Modules of targets are watched as well: a target whose module comes
// after the trigger is hooked when it comes.
void on_import(py::Handle, const void* data) {
  const std::size_t at = static_cast<std::size_t>(static_cast<const Row*>(data) - kRows);
  apply(*kRows[at].integration, registry->states[at]);
}

void on_trigger(py::Handle module, const void* data) {
  const std::size_t at = static_cast<std::size_t>(static_cast<const Row*>(data) - kRows);
  registry->states[at].triggered = true;
  on_import(module, data);
}

std::string_view module_of(const py::Target& target) {
  const std::string_view where = target.where;
  return where.substr(0, where.find(':'));
}

void watch(const Row& row) {
  const Integration& integration = *row.integration;
  for (const char* trigger : integration.modules)
    registry->watched.push_back({trigger, on_trigger, &row});
  std::vector<std::string_view> seen;
  for (const std::span<const py::Target> table : {integration.targets, integration.extra}) {
    for (const py::Target& target : table) {
      const std::string_view module = module_of(target);
      if (triggers(integration, module) || std::ranges::find(seen, module) != seen.end()) continue;
      seen.push_back(module);
      // The finder keeps names that end in a null; a target's module is followed by a colon.
      registry->watched.push_back({*new std::string(module), on_import, &row});
    }
  }
}

}  // namespace

const Settings& settings() { return *in_force; }
void set_settings(const Settings* wanted) { in_force = wanted; }

void start(const Settings* wanted, bool automatic) {
  set_settings(wanted);
  registry = new Registry;
  for (std::size_t i = 0; i < kCount; ++i) {
    registry->states[i].on =
        automatic && wanted->on(kRows[i].integration->name, kRows[i].by_default);
    watch(kRows[i]);
  }
  py::import_hook::add(registry->watched);
}

Status patch(std::string_view name) {
  const std::size_t at = find(name);
  if (at == kCount || !registry)
    return Status::error(std::string(name) + " does not have automatic instrumentation");
  State& state = registry->states[at];
  state.on = true;
  state.trouble.clear();
  apply(*kRows[at].integration, state);
  return state.trouble.empty() ? Status() : Status::error(state.trouble);
}

Status unpatch(std::string_view name) {
  const std::size_t at = find(name);
  if (at == kCount || !registry)
    return Status::error(std::string(name) + " does not have automatic instrumentation");
  State& state = registry->states[at];
  state.on = state.applied = false;
  state.patch.remove();
  return {};
}

void each_integration(void (*see)(const IntegrationState&, void* context), void* context) {
  for (std::size_t i = 0; i < kCount && registry; ++i) {
    const State& state = registry->states[i];
    see({kRows[i].integration->name, state.on, state.triggered, state.applied, state.trouble},
        context);
  }
}

void each_choice(const Settings& wanted, void (*see)(std::string_view name, bool on, void* context),
                 void* context) {
  for (const Row& row : kRows)
    see(row.integration->name, wanted.on(row.integration->name, row.by_default), context);
}

}  // namespace dd::contrib
