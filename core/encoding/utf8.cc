#include "core/encoding/utf8.h"

namespace dd::encoding {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

// The length of the valid sequence at `at`, and its character; 0 when there is none.
int decode(const char* at, const char* end, std::uint32_t& character) {
  const auto first = static_cast<unsigned char>(*at);
  if (first < 0x80) {
    character = first;
    return 1;
  }
  const int size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || end - at < size) return 0;
  std::uint32_t value = first & (0xFF >> (size + 1));
  for (int i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(at[i]);
    if ((byte & 0xC0) != 0x80) return 0;
    value = value << 6 | (byte & 0x3F);
  }
  if ((size == 3 && (value < 0x800 || (value >= 0xD800 && value <= 0xDFFF))) ||
      (size == 4 && (value < 0x10000 || value > 0x10FFFF)))
    return 0;
  character = value;
  return size;
}

}  // namespace

std::uint32_t next_character(const char*& at, const char* end) {
  std::uint32_t character;
  const int size = decode(at, end, character);
  at += size ? size : 1;
  return size ? character : kReplacement;
}

bool is_valid_utf8(std::string_view text) {
  const char* const end = text.data() + text.size();
  std::uint32_t character;
  for (const char* at = text.data(); at < end;) {
    const int size = decode(at, end, character);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
  }
  out += static_cast<char>(0x80 | (c & 0x3F));
}

std::string_view tidy_slow(std::string_view text, std::string& storage) {
  const char* const end = text.data() + text.size();
  std::size_t characters = 0;
  const char* kept_end = end;
  for (const char* at = text.data(); at < end && characters <= kMaxCharacters; ++characters) {
    if (characters == kKeptCharacters) kept_end = at;
    next_character(at, end);
  }
  const bool cut = characters > kMaxCharacters;
  if (!cut) kept_end = end;
  if (!cut && is_valid_utf8(text)) return text;
  storage.clear();
  for (const char* at = text.data(); at < kept_end;) append_utf8(storage, next_character(at, end));
  if (cut) storage += kCutMark;
  return storage;
}

}  // namespace dd::encoding
