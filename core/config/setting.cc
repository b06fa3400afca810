#include "core/config/setting.h"

#include <algorithm>

#include "core/base/log.h"

namespace dd::config {
namespace {

struct Environment {
  Pairs all;  // sorted by name
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
  base::log(base::LogLevel::kWarning, message);
}

bool resolve_from_otel(SettingBase& setting) {
  const Spec& spec = setting.spec();
  if (spec.otel.empty()) return false;
  const auto value = variable(spec.otel);
  if (!value) return false;
  const auto meant = spec.from_otel ? spec.from_otel(*value) : std::string(*value);
  if (meant && setting.assign(*meant, Origin::kEnvironment)) return true;
  warn(setting, spec.otel, *value);
  return false;
}

void resolve_one(SettingBase& setting) {
  std::string_view names = setting.spec().aliases;
  std::string_view name = setting.spec().env;
  while (!name.empty()) {
    if (const auto value = variable(name)) {
      if (!setting.assign(*value, Origin::kEnvironment)) warn(setting, name, *value);
      return;
    }
    const std::size_t comma = names.find(',');
    name = names.substr(0, comma);
    names = comma == names.npos ? std::string_view() : names.substr(comma + 1);
  }
  resolve_from_otel(setting);
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
  environment.store(made, std::memory_order_release);
}

std::optional<std::string_view> variable(std::string_view name) {
  const Environment* loaded = environment.load(std::memory_order_acquire);
  if (!loaded) return std::nullopt;
  const auto at = std::lower_bound(
      loaded->all.begin(), loaded->all.end(), name,
      [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
  if (at == loaded->all.end() || at->first != name) return std::nullopt;
  return at->second;
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
