#include "contrib/registry.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contrib/support/library_version.h"
#include "core/base/log.h"
#include "core/py/imports/import_hook.h"
#include "core/telemetry/telemetry.h"

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
  bool on = false, triggered = false, prepared = false, applied = false, refused = false;
  bool reported = false;  // to telemetry
  py::Patch patch;
  std::unique_ptr<py::Patch[]> extras;  // one for each of the integration's
  std::string trouble;
};

struct Registry {
  State states[kCount];
  const Settings* given;                                 // at the start
  std::map<std::string, std::string, std::less<>> said;  // by the application's code
  std::vector<py::ModuleHook> watched;                   // never changes once it is watched
};
constinit Registry* registry = nullptr;
constinit const Settings* in_force = nullptr;
py::Name kVersion("__version__"), kDict("__dict__");

std::size_t find(std::string_view name) {
  std::size_t at = 0;
  while (at < kCount && name != kRows[at].integration->name) ++at;
  return at;
}

// As the library says itself, else as it was installed; empty when nobody knows. Modules that
// compute their version when they are asked warn of it: they are not.
std::string version_of(const Integration& integration) {
  for (const char* module : integration.modules) {
    const py::Ref version = py::imported(module).attr(kDict).item(kVersion);
    if (version.is_str()) return version.text();
  }
  return library_version(integration.package);
}

// Whether some of its targets are for some versions only.
bool by_version(const Integration& integration) {
  const auto asks = [](const py::Target& target) { return *target.versions != '\0'; };
  return std::ranges::any_of(integration.targets, asks) ||
         std::ranges::any_of(integration.extras, [&](const Extra& extra) {
           return std::ranges::any_of(extra.targets, asks);
         });
}

// Asked for by those who would rather have no spans than a library that is hooked in a version
// nobody has tried.
bool refuses(const Integration& integration, State& state) {
  if (!settings().only_known_versions || !integration.package || state.prepared) return false;
  const std::string version = version_of(integration);
  if (version.empty() || py::version_matches(version, integration.versions)) return false;
  if (state.refused) return true;
  state.refused = true;
  const std::string name = integration.name;
  state.trouble = "Skipped patching '" + name + "' integration, installed version: " + version +
                  " is not compatible with integration support spec: " + integration.versions + ".";
  base::log(base::LogLevel::kError,
            "failed to enable ddtrace support for " + name + ": " + state.trouble);
  return true;
}

// Once, when its library was imported. The version is looked up later, without Python.
void report(const Integration& integration, State& state) {
  if (!telemetry::enabled() || state.reported) return;
  state.reported = true;
  static py::Name kFile("__file__");
  const py::Ref file = py::imported(integration.modules.front()).attr(kFile);
  telemetry::integration({.name = integration.name,
                          .package = integration.package ? integration.package : "",
                          .file = file.is_str() ? file.text() : "",
                          .enabled = state.applied,
                          .compatible = !state.refused,
                          .error = state.trouble});
}

void apply(const Integration& integration, State& state) {
  if (!state.on || !state.triggered) return;
  if (refuses(integration, state)) return report(integration, state);
  if (!state.prepared) {
    state.prepared = true;
    if (integration.prepare) integration.prepare(settings());
  }
  const std::string version = by_version(integration) ? version_of(integration) : std::string();
  const py::PatchReport patched = state.patch.apply(integration.targets, version);
  Status status = patched.status();
  if (!state.extras) state.extras = std::make_unique<py::Patch[]>(integration.extras.size());
  for (std::size_t i = 0; i < integration.extras.size(); ++i) {
    const Extra& extra = integration.extras[i];
    if (!extra.wanted())
      state.extras[i].remove();
    else if (!patched.held_back)
      if (Status more = state.extras[i].apply(extra.targets, version).status(); status.ok())
        status = std::move(more);
  }
  state.applied = !state.patch.empty();
  for (std::size_t i = 0; i < integration.extras.size(); ++i)
    state.applied |= !state.extras[i].empty();
  if (!status.ok()) state.trouble = status.message();
  report(integration, state);
  if (status.ok()) return;
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

constexpr std::string_view kHeaderTags = "_HEADER_TAGS", kQueryString = "_TRACE_QUERY_STRING",
                           kShownQuery = "_HTTP_TAG_QUERY_STRING";

// "DD_FLASK_HEADER_TAGS" -> "FLASK"; nullopt for other variables.
std::optional<std::string_view> section_of(std::string_view variable, std::string_view knob) {
  if (!variable.starts_with("DD_") || !variable.ends_with(knob)) return std::nullopt;
  variable.remove_prefix(2);
  variable.remove_suffix(knob.size());
  return variable.empty() ? variable : variable.substr(1);
}

Settings::OwnHttp& own_http(Settings& settings, std::string_view section) {
  for (Settings::OwnHttp& own : settings.own_http) {
    if (own.section == section) return own;
  }
  settings.own_http.push_back({.section = std::string(section), .headers = http::HeaderTags()});
  return settings.own_http.back();
}

void replace_settings(ProcessName name) {
  auto* const made = new Settings(setting, std::move(name));
  for (const auto& [variable, text] : registry->said) {
    if (variable == "DD_TRACE_HEADER_TAGS") continue;
    if (const auto section = section_of(variable, kHeaderTags))
      own_http(*made, *section).headers = http::HeaderTags(text);
    else if (const auto asked = section_of(variable, kQueryString))
      own_http(*made, *asked).tells_query = means_yes(text);
    else if (const auto shown = section_of(variable, kShownQuery))
      own_http(*made, *shown).shows_query = means_yes(text);
  }
  set_settings(made);
  for (std::size_t i = 0; i < kCount; ++i) {
    const Integration& integration = *kRows[i].integration;
    if (!registry->states[i].prepared || !integration.prepare) continue;
    integration.prepare(settings());
    if (!integration.extras.empty()) apply(integration, registry->states[i]);
  }
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
  std::vector<std::span<const py::Target>> tables = {integration.targets};
  for (const Extra& extra : integration.extras) tables.push_back(extra.targets);
  for (const std::span<const py::Target> table : tables) {
    for (const py::Target& target : table) {
      const std::string_view module = module_of(target);
      if (triggers(integration, module) || std::ranges::find(seen, module) != seen.end()) continue;
      seen.push_back(module);
      registry->watched.push_back({module, on_import, &row});
    }
  }
}

}  // namespace

const Settings& settings() { return *in_force; }
void set_settings(const Settings* wanted) { in_force = wanted; }

void start(const Settings* wanted, bool automatic) {
  set_settings(wanted);
  registry = new Registry;
  registry->given = wanted;
  registry->watched.reserve(4 * kCount);  // about as many; growing would touch each page twice
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
  for (std::size_t i = 0; state.extras && i < kRows[at].integration->extras.size(); ++i)
    state.extras[i].remove();
  if (state.prepared && kRows[at].integration->stop) {
    kRows[at].integration->stop();
    state.prepared = false;
  }
  return {};
}

const Integration* find_integration(std::string_view name) {
  const std::size_t at = find(name);
  return at == kCount ? nullptr : kRows[at].integration;
}

std::optional<std::string> setting(std::string_view variable) {
  if (!registry) return std::nullopt;
  const auto row = registry->said.find(variable);
  return row == registry->said.end() ? registry->given->text(variable) : row->second;
}

void change_settings(const Changes& changes) {
  if (!registry || changes.empty()) return;
  for (const auto& [variable, text] : changes) {
    if (text)
      registry->said.insert_or_assign(variable, *text);
    else
      registry->said.erase(variable);
  }
  const NamingFacts& facts = settings().naming.facts();
  replace_settings({facts.service, facts.service_is_users});
}

void rename_process(ProcessName name) {
  if (registry) replace_settings(std::move(name));
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
