// Every knob of the program, declared once.
//
// A Setting is a constant that says what a knob is, and the place its value lives. Settings are
// listed in tables (core_settings.cc, a product's info, an integration's table); reading the
// environment, telemetry, remote updates and the reference all walk those tables.
//
//     constinit config::Setting<bool> split({.env = "DD_REQUESTS_SPLIT_BY_DOMAIN",
//                                            .fallback = "false"});
//
// get() is one load: settings may be read on any path, by any thread. Changes come from any thread,
// rarely. A value that cannot be read is reported once and the next weaker origin stays in force.
// Source: CONFIG.md.

#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/base/mutex.h"
#include "core/config/parse.h"

namespace dd::config {

// Each origin keeps its own value; the strongest set one is in force.
enum class Origin : std::uint8_t { kDefault, kLocalFile, kEnvironment, kFleetFile, kCode, kRemote };
inline constexpr int kOrigins = 6;

struct Spec {
  std::string_view env;            // "DD_TRACE_RATE_LIMIT"
  std::string_view fallback = {};  // as it would be written in the environment
  std::string_view aliases = {};   // older names, comma separated, tried in order
  std::string_view otel = {};      // OpenTelemetry's name for it, tried last
  // What the OpenTelemetry value means here; null: the same text. Nullopt: not understood.
  std::optional<std::string> (*from_otel)(std::string_view) = nullptr;
  std::string_view remote = {};  // field of the remote document; empty: fixed at start
  bool secret = false;           // never shown or reported
  Words words = Words::kNone;    // of a bool: what is true too
};

class SettingBase {
 public:
  const Spec& spec() const { return spec_; }
  virtual bool assign(std::string_view text, Origin origin) = 0;  // false: not understood
  virtual void unset(Origin origin) = 0;
  // What `origin` holds, as Python would write it ("true", "2.0"); nullopt when it holds nothing.
  virtual std::optional<std::string> shown(Origin origin) = 0;
  Origin origin() const { return origin_.load(std::memory_order_relaxed); }
  bool is_set() const { return origin() != Origin::kDefault; }

 protected:
  constexpr explicit SettingBase(const Spec& spec) : spec_(spec) {}
  ~SettingBase() = default;
  const Spec spec_;
  std::atomic<Origin> origin_{Origin::kDefault};
  base::Mutex mutex_;
};

template <class T>
constexpr std::optional<T> parse_as(std::string_view text, Words words) {
  if constexpr (std::is_same_v<T, bool>)
    return parse_flag(text, words);
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return parse_int(text);
  else
    return parse_double(text);
}

std::string show(bool value);
std::string show(std::int64_t value);
std::string show(double value);

template <class T>  // bool, std::int64_t or double
class Setting final : public SettingBase {
 public:
  constexpr explicit Setting(const Spec& spec)
      : SettingBase(spec),
        value_(parse_as<T>(spec.fallback, spec.words).value_or(T{})),
        values_{parse_as<T>(spec.fallback, spec.words).value_or(T{})} {}
  T get() const { return value_.load(std::memory_order_relaxed); }
  bool assign(std::string_view text, Origin origin) override {
    const std::optional<T> value = parse_as<T>(text, spec_.words);
    if (value) set(*value, origin);
    return value.has_value();
  }
  void set(T value, Origin origin = Origin::kCode) {
    const base::MutexLock lock(mutex_);
    values_[static_cast<int>(origin)] = value;
    set_ |= 1u << static_cast<int>(origin);
    apply();
  }
  void unset(Origin origin) override {
    const base::MutexLock lock(mutex_);
    if (origin != Origin::kDefault) set_ &= ~(1u << static_cast<int>(origin));
    apply();
  }
  std::optional<std::string> shown(Origin origin) override {
    const base::MutexLock lock(mutex_);
    if (!(set_ & (1u << static_cast<int>(origin)))) return std::nullopt;
    return show(values_[static_cast<int>(origin)]);
  }

 private:
  void apply() {
    int strongest = kOrigins - 1;
    while (!(set_ & (1u << strongest))) --strongest;
    value_.store(values_[strongest], std::memory_order_relaxed);
    origin_.store(static_cast<Origin>(strongest), std::memory_order_relaxed);
  }
  std::atomic<T> value_;
  T values_[kOrigins];
  std::uint32_t set_ = 1;
};

// Text, read as it is; lists and maps are parsed by their reader. What get() returns stays valid
// for ever: old values are kept.
class TextSetting final : public SettingBase {
 public:
  constexpr explicit TextSetting(const Spec& spec) : SettingBase(spec) {}
  std::string_view get() const {
    const std::string* value = value_.load(std::memory_order_acquire);
    return value ? std::string_view(*value) : spec_.fallback;
  }
  bool assign(std::string_view text, Origin origin) override;
  void unset(Origin origin) override;
  std::optional<std::string> shown(Origin origin) override;

 private:
  void apply();
  std::atomic<const std::string*> value_{nullptr};
  const std::string* values_[kOrigins] = {};
};

// Reads the environment and both files of settings (stable_file.h) once; later changes of them are
// not seen until the next call. Start-up only.
void load_environment(char** environment);
// Gives each setting its values from the files and the environment. Warns once for each bad value.
void resolve(std::span<SettingBase* const> table);
// A variable as loaded, for names made by a pattern (DD_<X>_SERVICE, DD_TRACE_<X>_ENABLED): of the
// fleet's file, else the environment, else the local file.
std::optional<std::string_view> variable(std::string_view name);
const Pairs& environment_variables();  // sorted by name
// The same of one of the files or the environment; empty for other origins.
const Pairs& variables_of(Origin origin);
// What one of the files or the environment says for exactly this name.
std::optional<std::string_view> variable_from(Origin origin, std::string_view name);
// The config_id of a file that a value came from, or empty.
std::string_view config_id(Origin origin);
// Tells the user, each line once in the life of the process.
void warn_once(std::string line);
// All that have been resolved, in no order.
std::vector<SettingBase*> declared_settings();
// The resolved setting of this name or alias, or null.
SettingBase* find_declared(std::string_view name);
// DD_TRACE_<NAME>_ENABLED, DD_<NAME>_SERVICE or its older DD_<NAME>_SERVICE_NAME; "-" in a name
// becomes "_".
std::optional<bool> integration_enabled(std::string_view integration);
std::optional<std::string_view> integration_service(std::string_view integration);

}  // namespace dd::config
