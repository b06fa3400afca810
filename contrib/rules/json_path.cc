#include "contrib/rules/json_path.h"

#include <charconv>
#include <limits>
#include <utility>

namespace dd::contrib {
namespace {

bool read_number(std::string_view text, long long& into) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), into);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

}  // namespace

JsonPath::JsonPath(std::string_view text) {
  if (!read(text)) parts_.clear();
}

bool JsonPath::read(std::string_view text) {
  if (!text.starts_with('$')) return false;
  text.remove_prefix(1);
  while (!text.empty()) {
    bool deep = false;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      deep = text.starts_with('.');
      if (deep) text.remove_prefix(1);
    } else if (!text.starts_with('[')) {
      return false;
    }
    if (text.starts_with('[')) {
      const std::size_t end = text.find(']');
      if (end == text.npos || !read_bracket(text.substr(1, end - 1), deep)) return false;
      text.remove_prefix(end + 1);
      continue;
    }
    const std::string_view name = text.substr(0, text.find_first_of(".["));
    if (name.empty()) return false;
    text.remove_prefix(name.size());
    parts_.push_back(
        {.kind = name == "*" ? Kind::kAny : Kind::kName, .deep = deep, .name = std::string(name)});
  }
  return true;
}

bool JsonPath::read_bracket(std::string_view inside, bool deep) {
  Part part = {.deep = deep};
  const bool quoted =
      inside.size() >= 2 && (inside[0] == '\'' || inside[0] == '"') && inside.back() == inside[0];
  if (quoted) {
    part.kind = Kind::kName;
    part.name = inside.substr(1, inside.size() - 2);
  } else if (inside != "*") {
    part.kind = Kind::kRange;
    const std::size_t colon = inside.find(':');
    const std::string_view from = inside.substr(0, colon);
    part.is_index = colon == inside.npos;
    part.to = std::numeric_limits<long long>::max();
    if ((!from.empty() || part.is_index) && !read_number(from, part.from)) return false;
    if (!part.is_index && colon + 1 < inside.size() &&
        !read_number(inside.substr(colon + 1), part.to))
      return false;
  }
  parts_.push_back(std::move(part));
  return true;
}

bool JsonPath::fits(const Part& part, const JsonStep& step) {
  if (part.kind == Kind::kAny) return true;
  if (part.kind == Kind::kName) return step.index < 0 && step.name == part.name;
  if (step.index < 0) return false;
  const long long from = part.from < 0 ? part.from + step.size : part.from;
  if (part.is_index) return step.index == from;
  const long long to = part.to < 0 ? part.to + step.size : part.to;
  return from <= step.index && step.index < to;
}

bool JsonPath::leads(std::size_t at, std::span<const JsonStep> place) const {
  if (at == parts_.size()) return at != 0 && place.empty();
  const Part& part = parts_[at];
  for (std::size_t skipped = 0; skipped < place.size(); ++skipped) {
    if (fits(part, place[skipped]) && leads(at + 1, place.subspan(skipped + 1))) return true;
    if (!part.deep) return false;
  }
  return false;
}

std::vector<JsonPath> json_paths(std::string_view list) {
  std::vector<JsonPath> out;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view one = list.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (!one.empty()) out.emplace_back(one);
    list = comma == list.npos ? std::string_view() : list.substr(comma + 1);
  }
  return out;
}

}  // namespace dd::contrib
