// Small readers and writers that the styles share.

#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/hex.h"

namespace dd::propagation {

// What each byte is as a hexadecimal digit; 16 and more for what is none, with bit 5 for capitals.
inline constexpr auto kHexDigits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(0x40);
  for (int i = 0; i < 10; ++i)
    table[static_cast<std::size_t>('0' + i)] = static_cast<std::uint8_t>(i);
  for (int i = 10; i < 16; ++i) {
    table[static_cast<std::size_t>('a' + i - 10)] = static_cast<std::uint8_t>(i);
    table[static_cast<std::size_t>('A' + i - 10)] = static_cast<std::uint8_t>(0x20 | i);
  }
  return table;
}();

// Eight characters at once, as the bytes of a word.
inline std::uint64_t eight_at(const char* text) {
  std::uint64_t word;
  std::memcpy(&word, text, sizeof word);
  return word;
}
inline constexpr std::uint64_t kEachByte = 0x0101010101010101ull;

// Eight hexadecimal digits; false when one is none.
inline bool read_eight_hex(const char* text, bool lower_only, std::uint64_t& out) {
  std::uint64_t word = eight_at(text);
  std::uint64_t letters = word & (0x40 * kEachByte);
  if (!lower_only) word |= letters >> 1;
  // The top bit of a byte's sum tells whether the byte reaches a limit: '0', ':', 'a', 'g'.
  const std::uint64_t digit = (word + 0x50 * kEachByte) ^ (word + 0x46 * kEachByte);
  const std::uint64_t letter = (word + 0x1F * kEachByte) ^ (word + 0x19 * kEachByte);
  if ((word & (0x80 * kEachByte)) != 0 ||
      ((digit | letter) & (0x80 * kEachByte)) != 0x80 * kEachByte)
    return false;
  word = __builtin_bswap64((word & (0x0F * kEachByte)) + (letters >> 6) * 9);
  word = (word | word >> 4) & 0x00FF00FF00FF00FFull;
  word = (word | word >> 8) & 0x0000FFFF0000FFFFull;
  out = (word | word >> 16) & 0xFFFFFFFFull;
  return true;
}

// Eight decimal digits.
inline bool read_eight_digits(const char* text, std::uint64_t& out) {
  std::uint64_t word = eight_at(text);
  constexpr std::uint64_t kHigh = 0xF0 * kEachByte, kZeros = 0x30 * kEachByte;
  if ((word & kHigh) != kZeros || ((word + 0x06 * kEachByte) & kHigh) != kZeros) return false;
  word = ((word & (0x0F * kEachByte)) * 2561) >> 8;
  word = ((word & 0x00FF00FF00FF00FFull) * 6553601) >> 16;
  out = ((word & 0x0000FFFF0000FFFFull) * 42949672960001ull) >> 32;
  return true;
}

inline std::optional<std::uint64_t> read_hex(std::string_view text, bool lower_only) {
  if (text.empty() || text.size() > 16) return std::nullopt;
  if (text.size() == 16) {
    std::uint64_t high, low;
    if (!read_eight_hex(text.data(), lower_only, high) ||
        !read_eight_hex(text.data() + 8, lower_only, low))
      return std::nullopt;
    return high << 32 | low;
  }
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

inline bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

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
  PythonInt made;
  if (!text.empty() && text.size() < 20) {  // digits only, which 64 bits hold
    unsigned odd = 0;
    std::string_view rest = text;
    for (std::uint64_t eight; rest.size() >= 8 && read_eight_digits(rest.data(), eight);
         rest.remove_prefix(8))
      made.size = made.size * 100'000'000 + eight;
    for (const char c : rest) {
      const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
      odd |= digit > 9;
      made.size = made.size * 10 + digit;
    }
    if (!odd) return made;
    made.size = 0;
  }
  const auto blank = [](char c) { return is_blank(c) || (c >= '\x1c' && c <= '\x1f'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
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

inline std::string_view strip(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}
inline std::string_view strip_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
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
