#include "core/http/endpoint.h"

#include <algorithm>
#include <cstddef>

#include "core/base/ascii.h"
#include "core/http/url.h"

namespace dd::http {
namespace {

constexpr std::size_t kMostSegments = 8;

using base::is_digit;
bool joins(char c) { return c == '.' || c == '_' || c == '-'; }

// Of UTF-8, in characters.
std::size_t length(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// What a segment is shown as: itself, when it looks like a name.
std::string_view shape(std::string_view segment) {
  const auto all = [&](auto is) { return std::all_of(segment.begin(), segment.end(), is); };
  const bool numbered = std::any_of(segment.begin(), segment.end(), is_digit);
  if (segment.size() >= 2 && segment[0] != '0' && all(is_digit)) return "{param:int}";
  if (numbered && segment.size() >= 3 && all([](char c) { return is_digit(c) || joins(c); }))
    return "{param:int_id}";
  if (numbered && segment.size() >= 6) {
    if (all(base::is_hex_digit)) return "{param:hex}";
    if (all([](char c) { return base::is_hex_digit(c) || joins(c); })) return "{param:hex_id}";
  }
  const bool odd = segment.find_first_of("%&'()*+,:=@") != std::string_view::npos;
  return odd || length(segment) >= 20 ? "{param:str}" : segment;
}

}  // namespace

std::string endpoint(std::string_view url) {
  std::string_view rest = parse(url).path;
  std::string out;
  for (std::size_t count = 0; !rest.empty() && count < kMostSegments;) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (segment.empty()) continue;
    out.append("/").append(shape(segment));
    ++count;
  }
  return out.empty() ? "/" : out;
}

}  // namespace dd::http
