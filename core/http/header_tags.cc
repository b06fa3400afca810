#include "core/http/header_tags.h"

#include "core/base/ascii.h"
#include "core/http/text.h"

namespace dd::http {
namespace {

using base::lower;
char as_header(char c) { return c == '_' ? '-' : lower(c); }

}  // namespace

std::string header_tag(std::string_view header, Side side) {
  std::string out = side == Side::kRequest ? "http.request.headers." : "http.response.headers.";
  for (char c : trimmed(header)) {
    c = lower(c);
    const bool kept = base::is_letter_or_digit(c) || c == '_' || c == '-' || c == ':' || c == '/';
    out.push_back(kept ? c : '_');
  }
  return out;
}

bool same_header(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (as_header(left[i]) != as_header(right[i])) return false;
  }
  return true;
}

HeaderTags::HeaderTags(std::string_view text) {
  const char separator = text.find(',') == std::string_view::npos ? ' ' : ',';
  while (!text.empty()) {
    const std::string_view piece = next_piece(text, separator);
    const auto colon = piece.find(':');
    const std::string_view header = trimmed(piece.substr(0, colon));
    if (header.empty()) continue;
    const std::string_view mapped =
        colon == std::string_view::npos ? std::string_view() : trimmed(piece.substr(colon + 1));
    Row row;
    for (const char c : header) row.header.push_back(lower(c));
    row.request = mapped.empty() ? header_tag(header, Side::kRequest) : std::string(mapped);
    row.response = mapped.empty() ? header_tag(header, Side::kResponse) : std::string(mapped);
    rows_.push_back(static_cast<Row&&>(row));
  }
}

std::string_view HeaderTags::tag(std::string_view header, Side side) const {
  for (const Row& row : rows_) {
    if (same_header(row.header, header)) return side == Side::kRequest ? row.request : row.response;
  }
  return {};
}

}  // namespace dd::http
