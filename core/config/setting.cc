#include "core/config/setting.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/config/registry.h"
#include "core/config/stable_file.h"

namespace dd::config {
namespace {

struct Environment {
  Pairs all;  // sorted by name
  StableFile local, fleet;
};
constinit std::atomic<const Environment*> environment{nullptr};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c == '-' ? '_' : c;
  return out;
}

void warn(const SettingBase& setting, std::string_view name, std::string_view value) {
  std::string message(name);
  message += setting.spec().secret ? "" : "=" + std::string(value.substr(0, 100));
  message += " is not understood; using ";
  message += setting.spec().fallback.empty() ? "none" : setting.spec().fallback;
  warn_once(std::move(message));
}

const Environment& loaded() {
  static const Environment kNone;
  const Environment* known = environment.load(std::memory_order_acquire);
  return known ? *known : kNone;
}

std::optional<std::string_view> lookup(const Pairs& sorted, std::string_view name) {
  const auto at = std::lower_bound(
      sorted.begin(), sorted.end(), name,
      [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
  if (at == sorted.end() || at->first != name) return std::nullopt;
  return at->second;
}

// The program's arguments, for the rules of the files.
std::vector<std::string> command_line() {
  std::vector<std::string> out;
  std::FILE* const file = std::fopen("/proc/self/cmdline", "re");
  if (!file) return out;
  char part[4096];
  std::string text;
  while (const std::size_t size = std::fread(part, 1, sizeof(part), file)) {
    text.append(part, size);
    if (text.size() > (1u << 20)) break;
  }
  std::fclose(file);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

constinit base::Mutex said_mutex;
constinit std::vector<std::string>* said DD_GUARDED_BY(said_mutex) = nullptr;

constinit base::Mutex declared_mutex;
constinit std::vector<SettingBase*>* declared DD_GUARDED_BY(declared_mutex) = nullptr;

void declare(SettingBase& setting) {
  const base::MutexLock lock(declared_mutex);
  if (!declared) declared = new std::vector<SettingBase*>;
  if (std::find(declared->begin(), declared->end(), &setting) == declared->end())
    declared->push_back(&setting);
}

// Calls use(name) for the name and each alias until it says true.
template <class F>
bool any_name(const Spec& spec, F&& use) {
  std::string_view names = spec.aliases;
  std::string_view name = spec.env;
  while (!name.empty()) {
    if (use(name)) return true;
    const std::size_t comma = names.find(',');
    name = names.substr(0, comma);
    names = comma == names.npos ? std::string_view() : names.substr(comma + 1);
  }
  return false;
}

bool resolve_from(SettingBase& setting, const Pairs& source, Origin origin) {
  return any_name(setting.spec(), [&](std::string_view name) {
    const auto value = lookup(source, name);
    // What is wrong with settings of the registry is told together (explain.h).
    if (value && !setting.assign(*value, origin) && !find_known(name)) warn(setting, name, *value);
    return value.has_value();
  });
}

bool resolve_from_otel(SettingBase& setting) {
  const Spec& spec = setting.spec();
  if (spec.otel.empty()) return false;
  const auto value = lookup(loaded().all, spec.otel);
  if (!value) return false;
  const auto meant = spec.from_otel ? spec.from_otel(*value) : std::string(*value);
  if (meant && setting.assign(*meant, Origin::kEnvironment)) return true;
  warn(setting, spec.otel, *value);
  return false;
}

void resolve_one(SettingBase& setting) {
  const Environment& sources = loaded();
  declare(setting);
  resolve_from(setting, sources.local.values, Origin::kLocalFile);
  if (!resolve_from(setting, sources.all, Origin::kEnvironment)) resolve_from_otel(setting);
  resolve_from(setting, sources.fleet.values, Origin::kFleetFile);
}

}  // namespace

bool TextSetting::assign(std::string_view text, Origin origin) {
  const base::MutexLock lock(mutex_);
  values_[static_cast<int>(origin)] = new std::string(text);  // kept: readers hold views
  apply();
  return true;
}

void TextSetting::unset(Origin origin) {
  const base::MutexLock lock(mutex_);
  values_[static_cast<int>(origin)] = nullptr;
  apply();
}

// A default that is no text at all reads as nullopt.
std::optional<std::string> TextSetting::shown(Origin origin) {
  const base::MutexLock lock(mutex_);
  if (const std::string* value = values_[static_cast<int>(origin)]) return *value;
  if (origin != Origin::kDefault || !spec_.fallback.data()) return std::nullopt;
  return std::string(spec_.fallback);
}

std::string show(bool value) { return value ? "true" : "false"; }
std::string show(std::int64_t value) { return std::to_string(value); }
std::string show(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  std::string out(text, end);
  if (out.find_first_of(".en") == out.npos) out += ".0";
  return out;
}

void TextSetting::apply() {
  int strongest = kOrigins - 1;
  while (strongest > 0 && !values_[strongest]) --strongest;
  value_.store(values_[strongest], std::memory_order_release);
  origin_.store(static_cast<Origin>(strongest), std::memory_order_relaxed);
}

void load_environment(char** variables) {
  auto* made = new Environment;  // kept: settings and callers hold views
  for (char** at = variables; at && *at; ++at) {
    const std::string_view line(*at);
    const std::size_t equals = line.find('=');
    if (equals == line.npos) continue;
    made->all.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  std::stable_sort(made->all.begin(), made->all.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto path = [&](std::string_view override_name, const char* usual) {
    return std::string(lookup(made->all, override_name).value_or(usual));
  };
  const std::string local = path("_DD_SC_LOCAL_FILE_OVERRIDE", kLocalFile);
  const std::string fleet = path("_DD_SC_MANAGED_FILE_OVERRIDE", kFleetFile);
  // Nearly no process has such files; the arguments are for their rules only.
  if (access(local.c_str(), F_OK) == 0 || access(fleet.c_str(), F_OK) == 0) {
    const std::vector<std::string> arguments = command_line();
    const Process process{.arguments = arguments, .environment = &made->all};
    made->local = read_stable_file(local, process);
    made->fleet = read_stable_file(fleet, process);
  }
  environment.store(made, std::memory_order_release);
}

std::optional<std::string_view> variable(std::string_view name) {
  const Environment& sources = loaded();
  if (const auto value = lookup(sources.fleet.values, name)) return value;
  if (const auto value = lookup(sources.all, name)) return value;
  return lookup(sources.local.values, name);
}

const Pairs& environment_variables() { return loaded().all; }

const Pairs& variables_of(Origin origin) {
  static const Pairs kNone;
  const Environment& sources = loaded();
  if (origin == Origin::kLocalFile) return sources.local.values;
  if (origin == Origin::kEnvironment) return sources.all;
  return origin == Origin::kFleetFile ? sources.fleet.values : kNone;
}

void warn_once(std::string line) {
  const base::MutexLock lock(said_mutex);
  if (said == nullptr) said = new std::vector<std::string>;
  if (std::find(said->begin(), said->end(), line) != said->end()) return;
  base::log(base::LogLevel::kWarning, line);
  said->push_back(std::move(line));
}

std::optional<std::string_view> variable_from(Origin origin, std::string_view name) {
  return lookup(variables_of(origin), name);
}

std::string_view config_id(Origin origin) {
  if (origin == Origin::kLocalFile) return loaded().local.config_id;
  if (origin == Origin::kFleetFile) return loaded().fleet.config_id;
  return {};
}

std::vector<SettingBase*> declared_settings() {
  const base::MutexLock lock(declared_mutex);
  return declared ? std::vector<SettingBase*>(declared->begin(), declared->end())
                  : std::vector<SettingBase*>();
}

SettingBase* find_declared(std::string_view name) {
  const base::MutexLock lock(declared_mutex);
  if (!declared) return nullptr;
  const auto at = std::find_if(declared->begin(), declared->end(), [&](const SettingBase* one) {
    return any_name(one->spec(), [&](std::string_view known) { return known == name; });
  });
  return at == declared->end() ? nullptr : *at;
}

void resolve(std::span<SettingBase* const> table) {
  for (SettingBase* setting : table) resolve_one(*setting);
}

std::optional<bool> integration_enabled(std::string_view integration) {
  const auto value = variable("DD_TRACE_" + upper(integration) + "_ENABLED");
  return value ? parse_bool(*value) : std::nullopt;
}

std::optional<std::string_view> integration_service(std::string_view integration) {
  const std::string name = "DD_" + upper(integration) + "_SERVICE";
  const auto value = variable(name);
  return value ? value : variable(name + "_NAME");
}

}  // namespace dd::config
