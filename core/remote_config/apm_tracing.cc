#include "core/remote_config/apm_tracing.h"

#include <algorithm>

#include "core/config/core_settings.h"
#include "core/json/json.h"
#include "core/sampling/sampling.h"
#include "core/trace/tracer.h"

namespace dd::remote_config {
namespace {

using json::Value;

struct Candidate {
  int specificity;
  Value config;  // the object "lib_config"
};

bool names_one(std::string_view target) { return !target.empty() && target != "*"; }

// Nullopt: for another service or environment.
std::optional<int> specificity(const Value& document, std::string_view service,
                               std::string_view env) {
  const Value& target = document["service_target"];
  const std::string_view its_service = target["service"].text(), its_env = target["env"].text();
  if (names_one(its_service) && its_service != service) return std::nullopt;
  if (names_one(its_env) && its_env != env) return std::nullopt;
  return (names_one(its_service) ? 4 : 0) + (names_one(its_env) ? 2 : 0) +
         (document["k8s_target_v2"].is_null() ? 0 : 1);
}

std::optional<bool> flag(const Value& value) {
  if (value.kind() != Value::Kind::kBool) return std::nullopt;
  return value.boolean();
}

LibraryConfig read(const Value& rules, const Value& rate, const Value& logs, const Value& tags,
                   const Value& headers, const Value& enabled) {
  LibraryConfig out;
  if (!rules.items().empty()) {
    json::Writer text;
    text.value(rules);
    out.sampling_rules = text.take();
  }
  if (rate.kind() == Value::Kind::kNumber) out.sampling_rate = rate.number();
  out.log_injection = flag(logs);
  out.tracing_enabled = flag(enabled);
  for (const Value& tag : tags.items()) {
    const std::string_view text = tag.text();
    const std::size_t colon = text.find(':');
    if (colon == text.npos || colon == 0) continue;
    if (!out.tags) out.tags.emplace();
    out.tags->emplace_back(text.substr(0, colon), text.substr(colon + 1));
  }
  for (const Value& header : headers.items()) {
    const std::string_view name = header["header"].text(), tag = header["tag_name"].text();
    if (name.empty()) continue;
    if (!out.header_tags) out.header_tags.emplace();
    if (!out.header_tags->empty()) out.header_tags->push_back(',');
    out.header_tags->append(name);
    if (!tag.empty()) out.header_tags->append(":").append(tag);
  }
  return out;
}

using Listener = void (*)(const LibraryConfig& before, const LibraryConfig& now);
constinit Listener listener = nullptr;

template <class T>
void put(config::Setting<T>& setting, const std::optional<T>& value) {
  if (value)
    setting.set(*value, config::Origin::kRemote);
  else
    setting.unset(config::Origin::kRemote);
}

void put(config::TextSetting& setting, const std::optional<std::string>& text) {
  if (text)
    setting.assign(*text, config::Origin::kRemote);
  else
    setting.unset(config::Origin::kRemote);
}

void put_tags(const LibraryConfig& wanted) {
  static auto* own = new auto(trace::Tracer::get().facts().tags);  // without remote ones
  static bool replaced = false;
  trace::ProcessFacts facts = trace::Tracer::get().facts();
  if (!replaced) *own = facts.tags;
  std::optional<std::string> text;
  if (wanted.tags) {
    facts.tags.assign(wanted.tags->begin(), wanted.tags->end());
    text.emplace();
    for (const auto& [key, value] : *wanted.tags)
      text->append(text->empty() ? "" : ",").append(key).append(":").append(value);
  } else {
    facts.tags = *own;
  }
  put(config::tags, text);
  replaced = wanted.tags.has_value();
  trace::Tracer::get().set_facts(std::move(facts));
}

// "Off" from here holds; "on" only takes it back.
void put_enabled(const LibraryConfig& wanted) {
  const bool off = wanted.tracing_enabled == false;
  put(config::tracing_enabled, off ? std::optional<bool>(false) : std::nullopt);
  trace::Tracer::get().set_enabled(config::tracing_enabled.get());
}

}  // namespace

LibraryConfig merge(std::span<Configuration* const> configurations, std::string_view service,
                    std::string_view env) {
  std::vector<Candidate> candidates;
  for (Configuration* one : configurations) {
    std::optional<Value> document = json::parse(one->content);
    if (!document) {
      one->fail("invalid JSON content");
      continue;
    }
    const Value::Kind kind = (*document)["lib_config"].kind();
    if (kind != Value::Kind::kObject && kind != Value::Kind::kNull) {
      one->fail("lib_config is no object");
      continue;
    }
    if (const std::optional<int> rank = specificity(*document, service, env))
      candidates.push_back({*rank, (*document)["lib_config"]});
  }
  std::ranges::reverse(candidates);
  std::ranges::stable_sort(candidates, std::ranges::greater(), &Candidate::specificity);
  const Value kNothing;  // not constexpr: clang 14 refuses an empty std::string
  const auto find = [&](std::string_view key) -> const Value& {
    for (const Candidate& one : candidates)
      for (const auto& [name, value] : one.config.members())
        if (name == key) return value;
    return kNothing;
  };
  return read(find("tracing_sampling_rules"), find("tracing_sampling_rate"),
              find("log_injection_enabled"), find("tracing_tags"), find("tracing_header_tags"),
              find("tracing_enabled"));
}

void apply(const LibraryConfig& wanted) {
  static auto* const before = new LibraryConfig;
  if (wanted == *before) return;
  if (wanted.sampling_rules != before->sampling_rules ||
      wanted.sampling_rate != before->sampling_rate)
    sampling::set_remote(wanted.sampling_rules, wanted.sampling_rate);
  if (wanted.tags != before->tags) put_tags(wanted);
  if (wanted.tracing_enabled != before->tracing_enabled) put_enabled(wanted);
  put(config::logs_injection, wanted.log_injection);
  put(config::header_tags, wanted.header_tags);
  if (listener != nullptr) listener(*before, wanted);
  *before = wanted;
}

void change_library(std::span<Configuration* const> in_force) {
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  apply(merge(in_force, facts.service, facts.env));
}

void on_library_change(Listener changed) { listener = changed; }

}  // namespace dd::remote_config
