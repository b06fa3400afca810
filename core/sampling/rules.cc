#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/ascii.h"
#include "core/config/parse.h"
#include "core/json/json.h"
#include "core/sampling/sampling.h"

namespace dd::sampling {
namespace {

bool only_wildcards(std::string_view pattern) {
  return pattern.find_first_not_of("*?") == pattern.npos;
}

// As Python writes a number that is no whole one.
std::string text_of_fraction(double number) {
  char text[400];
  char* const end =
      std::to_chars(text, std::end(text) - 1, number, std::chars_format::scientific).ptr;
  *end = '\0';
  const std::string_view scientific(text, static_cast<std::size_t>(end - text));
  const int exponent = std::atoi(scientific.data() + scientific.find('e') + 1);
  if (exponent < -4 || exponent >= 16) return std::string(scientific);
  return {text, std::to_chars(text, std::end(text), number, std::chars_format::fixed).ptr};
}

// An integral number compares as its digits; another one as its text, with wildcards only.
bool tag_matches(const trace::Span& span, std::string_view name, std::string_view pattern) {
  const trace::Key key(name);
  if (const trace::Attribute* stored = span.find(key);
      stored && stored->kind == trace::AttributeKind::kInt)
    return glob_matches(pattern, std::to_string(stored->integer));
  double number = 0;
  if (span.number(key, number)) {
    if (number != std::trunc(number))
      return only_wildcards(pattern) && glob_matches(pattern, text_of_fraction(number));
    char digits[400];
    const auto end =
        std::to_chars(digits, std::end(digits), number + 0.0, std::chars_format::fixed, 0).ptr;
    return glob_matches(pattern, {digits, static_cast<std::size_t>(end - digits)});
  }
  return span.has(key) && glob_matches(pattern, span.text(key));
}

std::optional<double> number_of(const json::Value& value) {
  if (value.kind() == json::Value::Kind::kNumber) return value.number();
  if (value.kind() == json::Value::Kind::kText) return config::parse_double(value.text());
  if (value.kind() == json::Value::Kind::kBool) return value.boolean() ? 1 : 0;
  return std::nullopt;
}

// A glob, or null for any. Empty is what only an empty text fits.
bool read_glob(const json::Value::Member& member, std::optional<std::string>& glob,
               std::string& problem) {
  if (!member.value.is_null() && member.value.kind() != json::Value::Kind::kText) {
    problem = member.name + " is not text";
    return false;
  }
  glob.reset();
  if (!member.value.is_null()) glob.emplace(member.value.text());
  return true;
}

void read_tags(const json::Value& value, Rule& rule, std::string& problem) {
  const auto add = [&](std::string_view name, const json::Value& glob) {
    if (glob.kind() != json::Value::Kind::kText)
      problem = "tag " + std::string(name.substr(0, 40)) + " is not text";
    else
      rule.tags.emplace_back(name, glob.text());
  };
  for (const json::Value::Member& tag : value.members()) add(tag.name, tag.value);
  // The form of remote configuration.
  for (const json::Value& tag : value.items()) add(tag["key"].text(), tag["value_glob"]);
}

// What is wrong with it, or nothing.
std::string read_rule(const json::Value& object, Rule& rule) {
  if (object.kind() != json::Value::Kind::kObject) return "a rule is not an object";
  std::string problem;
  bool rated = false;
  for (const json::Value::Member& member : object.members()) {
    const std::string_view key = member.name;
    if (key == "sample_rate") {
      const auto rate = number_of(member.value);
      if (!rate) return "sample_rate is not a number";
      rule.rate = std::clamp(*rate, 0.0, 1.0);
      rated = true;
    } else if (key == "service") {
      read_glob(member, rule.service, problem);
    } else if (key == "name") {
      read_glob(member, rule.name, problem);
    } else if (key == "resource") {
      read_glob(member, rule.resource, problem);
      if (rule.resource == "") rule.resource.reset();
    } else if (key == "tags") {
      read_tags(member.value, rule, problem);
    } else if (key == "discard") {
      if (member.value.kind() != json::Value::Kind::kBool) return "discard is not true or false";
      rule.discard = member.value.boolean();
    } else if (key == "provenance") {
      const std::string_view text = member.value.text();
      if (text == "customer")
        rule.provenance = Provenance::kCustomer;
      else if (text == "dynamic")
        rule.provenance = Provenance::kDynamic;
      else if (text != "default")
        return "provenance " + std::string(text.substr(0, 40)) + " is unknown";
    } else {
      return "key " + std::string(key.substr(0, 40)) + " is unknown";
    }
    if (!problem.empty()) return problem;
  }
  return rated ? problem : "a rule has no sample_rate";
}

std::string read_span_rule(const json::Value& object, SpanRule& rule) {
  if (object.kind() != json::Value::Kind::kObject) return "a rule is not an object";
  std::string problem;
  bool named = false;
  for (const json::Value::Member& member : object.members()) {
    const std::string_view key = member.name;
    named = named || ((key == "service" || key == "name") && !member.value.text().empty());
    if (key == "sample_rate" || key == "max_per_second") {
      const auto number = number_of(member.value);
      if (!number) return std::string(key) + " is not a number";
      if (key == "sample_rate")
        rule.rate = std::clamp(*number, 0.0, 1.0);
      else
        rule.max_per_second = *number < 0 ? -1 : *number;
    } else if (key == "service") {
      read_glob(member, rule.service, problem);
    } else if (key == "name") {
      read_glob(member, rule.name, problem);
    }
    if (!problem.empty()) return problem;
  }
  return named ? "" : "a rule has neither service nor name";
}

template <class T, class F>
std::vector<T> read_list(std::string_view text, std::vector<std::string>* problems, F&& read) {
  constexpr std::size_t kMostRules = 1000;
  std::vector<T> rules;
  if (config::trim(text).empty()) return rules;
  const std::optional<json::Value> list = json::parse(text);
  if (!list || list->kind() != json::Value::Kind::kArray) {
    if (problems) problems->push_back("the text is not a JSON list of rules");
    return rules;
  }
  for (const json::Value& object : list->items()) {
    T rule;
    std::string problem = read(object, rule);
    if (problem.empty() && rules.size() < kMostRules)
      rules.push_back(std::move(rule));
    else if (problems)
      problems->push_back(problem.empty() ? "there are too many rules" : std::move(problem));
  }
  return rules;
}

bool fits(const std::optional<std::string>& glob, const trace::Text& text) {
  return !glob || glob_matches(*glob, text.present() ? text.view() : "None");
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = pattern.npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() &&
               (pattern[p] == '?' || base::lower(pattern[p]) == base::lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool Rule::matches(const trace::Span& span) const {
  if (!fits(service, span.service) || !fits(name, span.name) || !fits(resource, span.resource))
    return false;
  return std::all_of(tags.begin(), tags.end(),
                     [&](const auto& tag) { return tag_matches(span, tag.first, tag.second); });
}

bool SpanRule::matches(const trace::Span& span) const {
  if (service && !span.service.present()) return false;  // other rules read it as "None"
  return fits(service, span.service) && fits(name, span.name);
}

std::vector<Rule> parse_rules(std::string_view text, std::vector<std::string>* problems) {
  std::vector<Rule> rules = read_list<Rule>(text, problems, read_rule);
  std::stable_sort(rules.begin(), rules.end(),
                   [](const Rule& a, const Rule& b) { return a.provenance < b.provenance; });
  return rules;
}

std::vector<SpanRule> parse_span_rules(std::string_view text, std::vector<std::string>* problems) {
  return read_list<SpanRule>(text, problems, read_span_rule);
}

std::vector<Rule> parse_remote_rules(std::string_view text, std::vector<std::string>* problems) {
  std::vector<Rule> rules =
      read_list<Rule>(text, problems, [](const json::Value& object, Rule& rule) -> std::string {
        if (object["provenance"].is_null()) return "a remote rule has no provenance";
        std::string problem = read_rule(object, rule);
        if (problem.empty() && !rule.service && !rule.name && !rule.resource && rule.tags.empty())
          problem = "a remote rule matches nothing in particular";
        return problem;
      });
  std::stable_sort(rules.begin(), rules.end(),
                   [](const Rule& a, const Rule& b) { return a.provenance < b.provenance; });
  return rules;
}

}  // namespace dd::sampling
