#include "core/http/status_ranges.h"

#include <charconv>

#include "core/http/text.h"

namespace dd::http {
namespace {

bool to_number(std::string_view text, int& out) {
  text = trimmed(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

StatusRanges::StatusRanges(std::string_view text) {
  while (!text.empty()) {
    const std::string_view piece = next_piece(text, ',');
    const auto dash = piece.find('-');
    int low = 0, high = 0;
    if (!to_number(piece.substr(0, dash), low)) continue;
    high = low;
    if (dash != std::string_view::npos && !to_number(piece.substr(dash + 1), high)) continue;
    if (low > high) std::swap(low, high);
    ranges_.emplace_back(low, high);
  }
}

bool StatusRanges::contains(int status) const {
  for (const auto& [low, high] : ranges_) {
    if (low <= status && status <= high) return true;
  }
  return false;
}

}  // namespace dd::http
