#include "core/config/stable_file.h"

#include <algorithm>
#include <cstdio>

#include "core/base/log.h"
#include "core/config/yaml.h"

namespace dd::config {
namespace {

using yaml::Node;

constexpr std::string_view kLanguage = "python";

const std::string* find(const Pairs& pairs, std::string_view key) {
  for (const auto& [name, value] : pairs)
    if (name == key) return &value;
  return nullptr;
}

std::string_view text_of(const Node* node) {
  return node ? std::string_view(node->text) : std::string_view();
}

struct Facts {
  const Process& process;
  Pairs tags;

  // The value of an argument "name=value".
  std::optional<std::string_view> argument(std::string_view name) const {
    for (const std::string& one : process.arguments) {
      const std::string_view text(one);
      if (text == name) return std::string_view();
      if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=')
        return text.substr(name.size() + 1);
    }
    return std::nullopt;
  }
  std::optional<std::string_view> value(std::string_view origin, std::string_view key) const {
    if (origin == "language") return kLanguage;
    if (origin == "process_arguments") return argument(key);
    const Pairs* const pairs = origin == "tags"                    ? &tags
                               : origin == "environment_variables" ? process.environment
                                                                   : nullptr;
    const std::string* const found = pairs ? find(*pairs, key) : nullptr;
    if (!found) return std::nullopt;
    return *found;
  }
};

bool fits(std::string_view operation, std::string_view value, std::string_view match) {
  if (operation == "equals") return value == match;
  if (operation == "prefix_matches") return value.starts_with(match);
  if (operation == "suffix_matches") return value.ends_with(match);
  return false;
}

bool selects(const Node& selector, const Facts& facts) {
  const std::string_view origin = text_of(selector.find("origin"));
  const std::string_view key = text_of(selector.find("key"));
  const std::string_view operation = text_of(selector.find("operator"));
  const Node* const matches = selector.find("matches");
  const auto any = [&](std::string_view value) {
    if (operation == "exists") return true;
    if (!matches) return false;
    return std::any_of(matches->items.begin(), matches->items.end(),
                       [&](const Node& match) { return fits(operation, value, match.text); });
  };
  if (origin == "process_arguments" && key.empty())
    return std::any_of(facts.process.arguments.begin(), facts.process.arguments.end(),
                       [&](const std::string& argument) { return any(argument); });
  const auto value = facts.value(origin, key);
  return value && any(*value);
}

// "{{environment_variables[X]}}" and the like; what is not there is the word UNDEFINED.
std::string expand(std::string_view text, const Facts& facts) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find("{{"), text.size());
    out += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t close = text.find("}}");
    if (close == text.npos) {
      out += text;
      break;
    }
    const std::string_view name = trim(text.substr(2, close - 2));
    text.remove_prefix(close + 2);
    const std::size_t bracket = name.find('[');
    const std::string_view origin = trim(name.substr(0, bracket));
    const std::string_view key = bracket == name.npos || name.back() != ']'
                                     ? std::string_view()
                                     : trim(name.substr(bracket + 1, name.size() - bracket - 2));
    out += facts.value(origin, key).value_or("UNDEFINED");
  }
  return out;
}

void overlay(Pairs& values, const Node* map, const Facts& facts) {
  if (!map) return;
  for (const auto& [name, node] : map->members) {
    std::string value = expand(node.text, facts);
    const auto at = std::find_if(values.begin(), values.end(),
                                 [&name = name](const auto& pair) { return pair.first == name; });
    if (at == values.end())
      values.emplace_back(name, std::move(value));
    else
      at->second = std::move(value);
  }
}

}  // namespace

std::optional<StableFile> parse_stable_file(std::string_view text, const Process& process,
                                            std::string& problem) {
  const std::optional<Node> root = yaml::parse(text, problem);
  if (!root) return std::nullopt;
  StableFile file;
  if (root->kind == Node::Kind::kNull) return file;
  if (root->kind != Node::Kind::kMap) {
    problem = "is not a map";
    return std::nullopt;
  }
  Facts facts{.process = process, .tags = {}};
  if (const Node* own_tags = root->find("tags"))
    for (const auto& [name, value] : own_tags->members) facts.tags.emplace_back(name, value.text);
  file.config_id.assign(text_of(root->find("config_id")));
  overlay(file.values, root->find("apm_configuration_default"), facts);
  if (const Node* rules = root->find("rules"))
    for (const Node& rule : rules->items) {
      const Node* const selectors = rule.find("selectors");
      if (selectors && !std::all_of(selectors->items.begin(), selectors->items.end(),
                                    [&](const Node& one) { return selects(one, facts); }))
        continue;
      overlay(file.values, rule.find("configuration"), facts);
      break;
    }
  std::sort(file.values.begin(), file.values.end());
  return file;
}

StableFile read_stable_file(const std::string& path, const Process& process) {
  constexpr std::size_t kMostBytes = 4 << 20;
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (!file) return {};
  std::string text;
  char part[16 << 10];
  while (const std::size_t size = std::fread(part, 1, sizeof(part), file)) {
    text.append(part, size);
    if (text.size() > kMostBytes) break;
  }
  std::fclose(file);
  std::string problem = "is larger than 4 MiB";
  if (text.size() <= kMostBytes)
    if (auto read = parse_stable_file(text, process, problem)) return std::move(*read);
  base::log(base::LogLevel::kWarning,
            path + ": " + problem.substr(0, 200) + "; no setting is taken from this file");
  return {};
}

}  // namespace dd::config
