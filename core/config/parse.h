// Reading values as users write them. Total: what cannot be read is nullopt or skipped. Source:
// CONFIG.md section 3.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ascii.h"

namespace dd::config {

using base::lower;
using base::same_ignoring_case;

// A tag as clients of DogStatsD write it: what is no letter, digit or one of _-:/. is `_`.
std::string statsd_tag(std::string_view name, std::string_view value);

constexpr std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  while (!text.empty() && kBlank.find(text.front()) != kBlank.npos) text.remove_prefix(1);
  while (!text.empty() && kBlank.find(text.back()) != kBlank.npos) text.remove_suffix(1);
  return text;
}

// True only for "true" and "1", in any case; blanks around it are not taken away.
constexpr std::optional<bool> parse_bool(std::string_view text) {
  return text == "1" || same_ignoring_case(text, "true");
}

// What turns a flag on besides "true" and "1".
enum class Words : std::uint8_t {
  kNone,
  kYes,         // "yes" and "on"
  kStructured,  // "structured"; blanks around any of them do not count
};
constexpr std::optional<bool> parse_flag(std::string_view text, Words more) {
  const auto is = [&](std::string_view word) { return same_ignoring_case(text, word); };
  if (more == Words::kStructured) text = trim(text);
  return *parse_bool(text) || (more == Words::kYes && (is("yes") || is("on"))) ||
         (more == Words::kStructured && is("structured"));
}

constexpr std::optional<std::int64_t> parse_int(std::string_view text) {
  text = trim(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return negative ? -value : value;
}

// 1 to 65535.
constexpr bool is_port(std::string_view text) {
  const auto number = parse_int(text);
  return number && *number > 0 && *number < 65536;
}

// Decimal notation with an optional exponent; never the locale's. Finite.
constexpr std::optional<double> parse_double(std::string_view text) {
  text = trim(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  double digits = 0, scale = 1;
  std::size_t at = 0;
  int seen = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++seen)
    digits = digits * 10 + (text[at] - '0');
  if (at < text.size() && text[at] == '.')
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++seen) {
      if (scale >= 1e18) continue;
      digits = digits * 10 + (text[at] - '0');
      scale *= 10;
    }
  if (seen == 0 || seen > 300) return std::nullopt;
  double value = digits / scale;
  if (at < text.size()) {
    if (lower(text[at]) != 'e') return std::nullopt;
    const auto exponent = parse_int(text.substr(at + 1));
    if (!exponent || *exponent > 300 || *exponent < -300) return std::nullopt;
    for (std::int64_t i = 0; i < *exponent; ++i) value *= 10;
    for (std::int64_t i = 0; i > *exponent; --i) value /= 10;
  }
  if (value > 1e300) return std::nullopt;
  return negative ? -value : value;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

// "a:b,c:d" or "a:b c:d": the comma separates when there is one. Split at the first colon; no colon
// is an empty value; an empty key is dropped; the last of equal keys wins.
Pairs parse_pairs(std::string_view text);
// Comma list, trimmed, empty pieces dropped.
std::vector<std::string> parse_list(std::string_view text);
// "500-599,404": sorted ends; malformed pieces are dropped.
std::vector<std::pair<int, int>> parse_status_ranges(std::string_view text);

}  // namespace dd::config
