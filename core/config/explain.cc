#include "core/config/explain.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <utility>

#include "core/base/log.h"
#include "core/config/parse.h"

namespace dd::config {
namespace {

constexpr Origin kSources[] = {Origin::kLocalFile, Origin::kEnvironment, Origin::kFleetFile};

// Names that are made of an integration's name.
bool made_by_pattern(std::string_view name) {
  return name.ends_with("_SERVICE") || name.ends_with("_SERVICE_NAME") ||
         name.ends_with("_DISTRIBUTED_TRACING") || name.ends_with("_SPLIT_BY_DOMAIN") ||
         (name.starts_with("DD_TRACE_") && name.ends_with("_ENABLED"));
}

bool one_of(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::any_of(words,
                             [&](std::string_view word) { return same_ignoring_case(text, word); });
}

constexpr std::array<std::string_view, 3> kFalse = {"", "false", "0"};
constexpr std::array<std::string_view, 2> kNo = {"no", "off"};

// A setting that takes one of a few words, or a list of them.
struct Choice {
  std::string_view name;
  bool list;
  std::array<std::string_view, 6> words;
};
constexpr Choice kChoices[] = {
    {"DD_TRACE_SPAN_ATTRIBUTE_SCHEMA", false, {"v0", "v1"}},
    {"DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT", false, {"continue", "restart", "ignore"}},
    {"DD_TRACE_PROPAGATION_STYLE_EXTRACT",
     true,
     {"datadog", "tracecontext", "b3", "b3multi", "baggage", "none"}},
    {"DD_TRACE_PROPAGATION_STYLE_INJECT",
     true,
     {"datadog", "tracecontext", "b3", "b3multi", "baggage", "none"}},
    {"DD_TRACE_LOG_LEVEL", false, {"CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET"}},
};

std::string or_none(std::string_view text) {
  return text.empty() ? std::string("none") : std::string(text);
}

// nullopt: every range can be read; otherwise those that can.
std::optional<std::string> usable_statuses(std::string_view text) {
  std::string kept;
  bool all = true;
  for (const std::string& piece : parse_list(text)) {
    const bool good = !parse_status_ranges(piece).empty();
    if (good) kept.append(kept.empty() ? "" : ",").append(piece);
    all = all && good;
  }
  return all ? std::nullopt : std::optional(or_none(kept));
}

std::optional<std::string> at_least_one(std::string_view text) {
  return *parse_int(text) >= 1 ? std::nullopt : std::optional<std::string>("1");
}

constexpr Check kOwnChecks[] = {
    {"DD_TRACE_PARTIAL_FLUSH_MIN_SPANS", &at_least_one},
    {"DD_TRACE_HTTP_SERVER_ERROR_STATUSES", &usable_statuses},
};
constinit std::span<const Check> more_checks;

struct Verdict {
  bool understood = true;
  std::string used;  // in its place, when it is not
};

// What holds when nothing is set: code may know better than the registry.
std::string_view fallback_of(const KnownSetting& known) {
  const SettingBase* const setting = find_declared(known.name);
  const std::string_view own = setting == nullptr ? std::string_view() : setting->spec().fallback;
  return own.empty() ? known.fallback : own;
}

Verdict judge_choice(const Choice& choice, std::string_view text, std::string_view fallback) {
  const auto known = [&](std::string_view word) {
    return !word.empty() && one_of(word, choice.words);
  };
  if (!choice.list) return {text.empty() || known(trim(text)), or_none(fallback)};
  std::string kept;
  bool all = true;
  for (const std::string& word : parse_list(text)) {
    all = all && known(word);
    if (known(word)) kept.append(kept.empty() ? "" : ",").append(word);
  }
  return {all, or_none(kept)};
}

const Check* find_check(std::string_view name) {
  for (const std::span<const Check> checks : {std::span<const Check>(kOwnChecks), more_checks})
    for (const Check& check : checks)
      if (check.name == name) return &check;
  return nullptr;
}

Verdict judge(const KnownSetting& known, std::string_view text) {
  for (const Choice& choice : kChoices)
    if (choice.name == known.name) return judge_choice(choice, text, fallback_of(known));
  if (known.type == "boolean") {
    if (known.words == Words::kStructured) text = trim(text);
    return {*parse_flag(text, known.words) || one_of(text, kFalse) || one_of(text, kNo), "false"};
  }
  // An empty text of an address is none.
  if (known.name.ends_with("_PORT"))
    return {text.empty() || is_port(text), or_none(fallback_of(known))};
  if (known.type == "int" && !parse_int(text)) return {false, or_none(fallback_of(known))};
  if (known.type == "decimal" && !parse_double(text)) return {false, or_none(fallback_of(known))};
  const Check* const check = text.empty() ? nullptr : find_check(known.name);
  auto used = check == nullptr ? std::nullopt : check->instead(text);
  return used ? Verdict{false, std::move(*used)} : Verdict{};
}

// The first of the name and its older ones that this source has.
std::optional<Held> find_held(const KnownSetting& known, Origin origin) {
  std::vector<std::string> names = parse_list(known.aliases);
  names.emplace(names.begin(), known.name);
  for (std::string& name : names)
    if (const auto text = variable_from(origin, name))
      return Held{origin, std::move(name), std::string(*text)};
  return std::nullopt;
}

std::string as_understood(const KnownSetting& known, const std::string& text) {
  return known.type == "boolean" ? show(*parse_flag(text, known.words)) : text;
}

void add_declared(const KnownSetting& known, Explained& out) {
  SettingBase* const setting = find_declared(known.name);
  if (setting == nullptr) return;
  for (const Origin origin : {Origin::kCode, Origin::kRemote})
    if (auto text = setting->shown(origin))
      out.held.push_back({origin, std::string(known.name), std::move(*text)});
}

// What OpenTelemetry's name says, where no name of ours does.
std::optional<Held> held_by_otel(const KnownSetting& known) {
  SettingBase* const setting = find_declared(known.name);
  if (setting == nullptr || setting->spec().otel.empty()) return std::nullopt;
  if (!variable_from(Origin::kEnvironment, setting->spec().otel)) return std::nullopt;
  auto text = setting->shown(Origin::kEnvironment);
  if (!text) return std::nullopt;
  return Held{Origin::kEnvironment, std::string(setting->spec().otel), std::move(*text)};
}

Explained explain_known(const KnownSetting& known) {
  Explained out{known.name, {}, known.unused};
  for (const Origin origin : kSources) {
    auto held = find_held(known, origin);
    if (!held && origin == Origin::kEnvironment) {
      held = held_by_otel(known);
    } else if (held && (known.type == "int" || known.type == "decimal") &&
               !judge(known, held->text).understood) {
      held.reset();
    } else if (held) {
      held->text = as_understood(known, held->text);
    }
    if (held) out.held.push_back(std::move(*held));
  }
  add_declared(known, out);
  if (known.secret)
    for (Held& held : out.held) held.text = "***";
  return out;
}

void complain_about_otel(std::vector<std::string>& out) {
  const auto said = [](std::string_view name) { return variable_from(Origin::kEnvironment, name); };
  const auto complain = [&](std::string_view name, std::string_view text, std::string_view used) {
    out.push_back(std::string(name) + "=" + std::string(text.substr(0, 100)) +
                  " is not understood; " + std::string(used));
  };
  if (const auto text = said("OTEL_LOGS_EXPORTER"); text && !same_ignoring_case(*text, "none"))
    complain("OTEL_LOGS_EXPORTER", *text, "it has no effect");
  const auto on = [](std::string_view name) {
    const auto text = variable(name);
    return text && *parse_bool(*text);
  };
  const auto metrics = said("OTEL_METRICS_EXPORTER");
  if (metrics && !same_ignoring_case(*metrics, "none") && !same_ignoring_case(*metrics, "otlp") &&
      (on("DD_RUNTIME_METRICS_ENABLED") || on("DD_METRICS_OTEL_ENABLED")))
    complain("OTEL_METRICS_EXPORTER", *metrics, "it has no effect");
  if (const auto text = said("OTEL_PROPAGATORS"); text && !variable("DD_TRACE_PROPAGATION_STYLE")) {
    constexpr std::array<std::string_view, 5> kKnown = {"b3", "b3multi", "datadog", "tracecontext",
                                                        "none"};
    std::string kept, left;
    for (const std::string& style : parse_list(*text)) {
      std::string& list = one_of(style, kKnown) ? kept : left;
      list.append(list.empty() ? "" : ",").append(style);
    }
    if (!kept.empty() && !left.empty())
      out.push_back("OTEL_PROPAGATORS: " + left + " cannot be used here; using " + kept);
  }
  const auto sampler = said("OTEL_TRACES_SAMPLER");
  if (sampler && !variable("DD_TRACE_SAMPLING_RULES"))
    for (const std::string_view alone : {"always_on", "always_off", "traceidratio"})
      if (same_ignoring_case(trim(*sampler), alone))
        out.push_back("OTEL_TRACES_SAMPLER=" + std::string(*sampler) + " is used as parentbased_" +
                      std::string(alone) + ": what a caller decided is kept");
}

bool is_own_name(std::string_view name) {
  constexpr std::string_view kOwn[] = {"DD_TRACE_PYTHON_CHILDREN"};
  return std::ranges::find(kOwn, name) != std::end(kOwn);
}

// Unknown names of the environment, and what each is near to.
template <class F>
void each_unknown(F&& see) {
  for (const auto& [name, value] : environment_variables()) {
    if (!name.starts_with("DD_") || find_declared(name) || find_known(name) || is_own_name(name))
      continue;
    std::string_view nearest = nearest_known(name);
    // DD_FLASH_SERVICE may be of an integration we do not know; DD_TRACE_ENABLD is not.
    if (made_by_pattern(name) && edits_between(name, nearest, 2) > 1) nearest = {};
    see(std::string_view(name), nearest);
  }
}

}  // namespace

void also_check(std::span<const Check> checks) { more_checks = checks; }

std::string_view origin_in_words(Origin origin) {
  constexpr std::string_view kWords[] = {"default",    "local file", "environment",
                                         "fleet file", "code",       "remote"};
  return kWords[static_cast<int>(origin)];
}

Explained explain(std::string_view name) {
  const KnownSetting* const known = find_known(name);
  if (known == nullptr) return {name, {}, true};
  return explain_known(*known);
}

std::vector<Explained> settings_not_default() {
  std::vector<Explained> out;
  for (const KnownSetting& known : registry())
    if (Explained one = explain_known(known); !one.held.empty()) out.push_back(std::move(one));
  return out;
}

std::vector<std::string> complaints_about_values() {
  std::vector<std::string> out;
  for (const Origin origin : kSources) {
    for (const auto& [name, text] : variables_of(origin)) {
      if (!name.starts_with("DD_") && !name.starts_with("_DD_") && !name.starts_with("OTEL_"))
        continue;
      const KnownSetting* const known = find_known(name);
      if (known == nullptr) continue;
      Verdict verdict = judge(*known, text);
      if (verdict.understood) continue;
      if (const auto instead = explain_known(*known).held;
          !instead.empty() && instead.back().text != text)
        verdict.used = instead.back().text;
      std::string line = name;
      if (!known->secret) line += "=" + text.substr(0, 100);
      line += " is not understood; using " + verdict.used;
      if (origin != Origin::kEnvironment) line += " (" + std::string(origin_in_words(origin)) + ")";
      out.push_back(std::move(line));
    }
  }
  complain_about_otel(out);
  return out;
}

std::vector<std::string> complaints_about_names() {
  std::vector<std::string> out;
  each_unknown([&](std::string_view name, std::string_view nearest) {
    if (!nearest.empty())
      out.push_back(std::string(name.substr(0, 100)) +
                    " is not a known setting and has no effect; did you mean " +
                    std::string(nearest) + "?");
  });
  return out;
}

std::vector<std::string> unknown_names() {
  std::vector<std::string> out;
  each_unknown([&](std::string_view name, std::string_view nearest) {
    if (nearest.empty()) out.emplace_back(name);
  });
  return out;
}

void warn_about_settings() {
  for (std::string& line : complaints_about_values()) warn_once(std::move(line));
  for (std::string& line : complaints_about_names()) warn_once(std::move(line));
  if (!base::log_wants(base::LogLevel::kDebug)) return;
  for (const std::string& name : unknown_names())
    base::log(base::LogLevel::kDebug, name.substr(0, 100) + " is not a setting of this program");
}

}  // namespace dd::config
