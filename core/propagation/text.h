// Small readers and writers that the styles share.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dd::propagation {

inline std::optional<std::uint64_t> read_hex(std::string_view text, bool lower_only) {
  if (text.empty() || text.size() > 16) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    int digit;
    if (c >= '0' && c <= '9')
      digit = c - '0';
    else if (c >= 'a' && c <= 'f')
      digit = c - 'a' + 10;
    else if (!lower_only && c >= 'A' && c <= 'F')
      digit = c - 'A' + 10;
    else
      return std::nullopt;
    value = value << 4 | static_cast<unsigned>(digit);
  }
  return value;
}

inline std::optional<std::uint64_t> read_decimal(std::string_view text) {
  while (text.size() > 1 && text[0] == '0') text.remove_prefix(1);
  if (text.empty() || text.size() > 20) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

// A number as Python's int() takes it: blanks around, a sign, single underscores between digits.
// Its value is cut to what 64 bits hold when it is larger.
struct PythonInt {
  bool negative = false, large = false;
  std::uint64_t size = 0;
};
inline std::optional<PythonInt> read_python_int(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f\x1c\x1d\x1e\x1f";
  while (!text.empty() && kBlank.find(text.front()) != text.npos) text.remove_prefix(1);
  while (!text.empty() && kBlank.find(text.back()) != text.npos) text.remove_suffix(1);
  PythonInt made;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    made.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  bool digit_before = false;
  for (const char c : text) {
    if (c == '_' && digit_before) {
      digit_before = false;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    made.large = made.large || made.size > (UINT64_MAX - digit) / 10;
    made.size = made.size * 10 + digit;
    digit_before = true;
  }
  if (!digit_before) return std::nullopt;
  return made;
}

inline std::optional<int> read_priority(std::string_view text) {
  const auto value = read_python_int(text);
  if (!value) return std::nullopt;
  constexpr int kMost = 2'000'000'000;
  const int size = value->large || value->size > kMost ? kMost : static_cast<int>(value->size);
  return value->negative ? -size : size;
}

inline void append_hex(std::string& out, std::uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 15];
}

inline std::string_view strip(std::string_view text, std::string_view what = " \t\r\n\v\f") {
  while (!text.empty() && what.find(text.front()) != what.npos) text.remove_prefix(1);
  while (!text.empty() && what.find(text.back()) != what.npos) text.remove_suffix(1);
  return text;
}

// Cuts the next piece off `text`; false at the end.
inline bool next_piece(std::string_view& text, char separator, std::string_view& piece) {
  if (text.data() == nullptr) return false;
  const std::size_t end = text.find(separator);
  piece = text.substr(0, end);
  text = end == text.npos ? std::string_view() : text.substr(end + 1);
  return true;
}

inline bool printable(char c) { return c >= 0x20 && c <= 0x7E; }

}  // namespace dd::propagation
