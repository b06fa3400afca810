// Text as the agent takes it: valid UTF-8 of bounded length. Never fails: bytes that are not UTF-8
// (lone surrogates among them) become U+FFFD, and what is longer than 25,000 characters is cut to
// 2,486 and marked.
// Source: WRITER.md section 4, SPAN.md "Truncation".

#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace dd::encoding {

inline constexpr std::size_t kMaxCharacters = 25'000;
inline constexpr std::size_t kKeptCharacters = 2'486;
inline constexpr std::string_view kCutMark = "<truncated>...";

inline bool is_ascii(std::string_view text) {
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t seen = 0;
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    seen |= word;
  }
  for (; left > 0; ++at, --left) seen |= static_cast<unsigned char>(*at);
  return (seen & 0x8080808080808080ull) == 0;
}

// Decodes one character at `at` and moves it; U+FFFD for a byte that starts none.
std::uint32_t next_character(const char*& at, const char* end);
bool is_valid_utf8(std::string_view text);
void append_utf8(std::string& out, std::uint32_t character);

std::string_view tidy_slow(std::string_view text, std::string& storage);

// `text` as it may be sent: itself, or its repaired form in `storage`.
inline std::string_view tidy(std::string_view text, std::string& storage) {
  if (text.size() <= kMaxCharacters && is_ascii(text)) [[likely]]
    return text;
  return tidy_slow(text, storage);
}

}  // namespace dd::encoding
