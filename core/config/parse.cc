#include "core/config/parse.h"

#include <algorithm>

#include "core/base/ascii.h"

namespace dd::config {

Pairs parse_pairs(std::string_view text) {
  Pairs pairs;
  const bool commas = text.find(',') != text.npos;
  const std::string_view separators = commas ? "," : " \t\r\n";
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    const std::string_view piece = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = piece.find(':');
    const std::string_view key = trim(piece.substr(0, colon));
    const std::string_view value = colon == piece.npos ? "" : trim(piece.substr(colon + 1));
    if (key.empty()) continue;
    const auto known =
        std::find_if(pairs.begin(), pairs.end(), [&](const auto& p) { return p.first == key; });
    if (known != pairs.end())
      known->second = value;
    else
      pairs.emplace_back(key, value);
  }
  return pairs;
}

std::vector<std::string> parse_list(std::string_view text) {
  std::vector<std::string> list;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view piece = trim(text.substr(0, end));
    if (!piece.empty()) list.emplace_back(piece);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return list;
}

std::vector<std::pair<int, int>> parse_status_ranges(std::string_view text) {
  std::vector<std::pair<int, int>> ranges;
  for (const std::string& piece : parse_list(text)) {
    const std::size_t dash = piece.find('-');
    const auto first = parse_int(std::string_view(piece).substr(0, dash));
    const auto last =
        dash == piece.npos ? first : parse_int(std::string_view(piece).substr(dash + 1));
    if (!first || !last || *first < 0 || *last < 0 || *first > 9999 || *last > 9999) continue;
    ranges.emplace_back(static_cast<int>(std::min(*first, *last)),
                        static_cast<int>(std::max(*first, *last)));
  }
  return ranges;
}

std::string statsd_tag(std::string_view name, std::string_view value) {
  std::string out;
  out.append(name).append(":").append(value);
  for (char& c : out) {
    const bool fits = base::is_letter_or_digit(c) || static_cast<unsigned char>(c) >= 0x80 ||
                      std::string_view("_-:/.").find(c) != std::string_view::npos;
    if (!fits) c = '_';
  }
  return out;
}

}  // namespace dd::config
