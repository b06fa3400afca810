#include "core/stats/trace_filter.h"

#include <re2/re2.h>

#include <algorithm>

#include "core/stats/tags.h"

namespace dd::stats {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::unique_ptr<RE2> compiled(std::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  auto out = std::make_unique<RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  return out->ok() ? std::move(out) : nullptr;
}

bool found(const RE2& pattern, std::string_view text) {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

}  // namespace

struct TraceFilter::Rule {
  std::string key, value;  // of tags
  bool any_value = false;
  std::unique_ptr<RE2> pattern;  // instead of the value

  // No rule comes of an expression that is none.
  static void add(std::vector<Rule>& rules, std::string_view text, bool is_pattern) {
    const std::size_t colon = text.find(':');
    Rule rule{.key = std::string(trimmed(text.substr(0, colon)))};
    rule.any_value = colon == text.npos;
    if (!rule.any_value) {
      rule.value = trimmed(text.substr(colon + 1));
      if (is_pattern && !(rule.pattern = compiled(rule.value))) return;
    }
    if (!rule.key.empty()) rules.push_back(std::move(rule));
  }
  bool matches(const trace::Span& root) const {
    std::string_view text;
    if (!text_tag(root, key, text)) return false;
    if (any_value) return true;
    return pattern ? found(*pattern, text) : text == value;
  }
};

TraceFilter::TraceFilter(const FilterLists& lists) {
  for (const std::string& text : lists.require) Rule::add(required_, text, false);
  for (const std::string& text : lists.reject) Rule::add(rejected_, text, false);
  for (const std::string& text : lists.require_regex) Rule::add(required_, text, true);
  for (const std::string& text : lists.reject_regex) Rule::add(rejected_, text, true);
  for (const std::string& text : lists.ignore_resources)
    if (auto pattern = compiled(text)) ignored_.push_back({.pattern = std::move(pattern)});
}

TraceFilter::~TraceFilter() = default;
TraceFilter::TraceFilter(TraceFilter&&) noexcept = default;
TraceFilter& TraceFilter::operator=(TraceFilter&&) noexcept = default;

bool TraceFilter::drops(const trace::Delivery& delivery) const {
  if (delivery.count == 0) return false;
  const trace::Span& root = *delivery.spans[0];
  const auto matches = [&root](const Rule& rule) { return rule.matches(root); };
  return std::any_of(rejected_.begin(), rejected_.end(), matches) ||
         !std::all_of(required_.begin(), required_.end(), matches) ||
         std::any_of(ignored_.begin(), ignored_.end(), [&root](const Rule& rule) {
           return found(*rule.pattern, root.resource.view());
         });
}

}  // namespace dd::stats
