// Small readers and writers that the styles share.

#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/hex.h"

namespace dd::propagation {

// What each byte is as a hexadecimal digit; 16 and more for what is none, with bit 5 for capitals.
inline constexpr auto kHexDigits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(0x40);
  for (int i = 0; i < 10; ++i) table[static_cast<std::size_t>('0' + i)] = static_cast<std::uint8_t>(i);
  for (int i = 10; i < 16; ++i) {
    table[static_cast<std::size_t>('a' + i - 10)] = static_cast<std::uint8_t>(i);
    table[static_cast<std::size_t>('A' + i - 10)] = static_cast<std::uint8_t>(0x20 | i);
  }
  return table;
}();

inline std::optional<std::uint64_t> read_hex(std::string_view text, bool lower_only) {
  if (text.empty() || text.size() > 16) return std::nullopt;
  std::uint64_t value = 0;
  unsigned seen = 0;
  for (const char c : text) {
    const unsigned digit = kHexDigits[static_cast<unsigned char>(c)];
    seen |= digit;
    value = value << 4 | (digit & 15);
  }
  if (seen & (lower_only ? 0x60u : 0x40u)) return std::nullopt;
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
  char digits[16];
  base::hex16(value, digits);
  out.append(digits, sizeof digits);
}

// A number as text, without the heap.
class Decimal {
 public:
  template <class Number>
  explicit Decimal(Number number)
      : size_(static_cast<std::size_t>(std::to_chars(text_, text_ + sizeof text_, number).ptr -
                                       text_)) {}
  operator std::string_view() const& { return {text_, size_}; }

 private:
  char text_[21];
  std::size_t size_;
};

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
