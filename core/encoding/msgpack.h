// Writes MessagePack into a Buffer. Integers of identifiers and times have their full width, so a
// value's place is known before it is.
// Source: https://github.com/msgpack/msgpack/blob/master/spec.md

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/encoding/buffer.h"

namespace dd::encoding::msgpack {

inline constexpr std::size_t kMaxHeader = 5;

template <class T>
inline char* put_big_endian(char* at, T value) {
  if constexpr (sizeof(T) == 2) value = static_cast<T>(__builtin_bswap16(value));
  if constexpr (sizeof(T) == 4) value = static_cast<T>(__builtin_bswap32(value));
  if constexpr (sizeof(T) == 8) value = static_cast<T>(__builtin_bswap64(value));
  std::memcpy(at, &value, sizeof(T));
  return at + sizeof(T);
}

template <class T>
inline char* put_tagged(char* at, unsigned char tag, T value) {
  *at = static_cast<char>(tag);
  return put_big_endian<T>(at + 1, value);
}

// The put_ functions write at `at`, where there is room, and return the end.
inline char* put_text_header(char* at, std::size_t size) {
  if (size < 32) {
    *at = static_cast<char>(0xA0 | size);
    return at + 1;
  }
  if (size < 0x100) return put_tagged(at, 0xD9, static_cast<std::uint8_t>(size));
  if (size < 0x10000) return put_tagged(at, 0xDA, static_cast<std::uint16_t>(size));
  return put_tagged(at, 0xDB, static_cast<std::uint32_t>(size));
}
inline char* put_text(char* at, std::string_view text) {
  at = put_text_header(at, text.size());
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}
inline char* put_bytes_header(char* at, std::size_t size) {
  if (size < 0x100) return put_tagged(at, 0xC4, static_cast<std::uint8_t>(size));
  if (size < 0x10000) return put_tagged(at, 0xC5, static_cast<std::uint16_t>(size));
  return put_tagged(at, 0xC6, static_cast<std::uint32_t>(size));
}
inline char* put_unsigned(char* at, std::uint64_t value) { return put_tagged(at, 0xCF, value); }
inline char* put_signed(char* at, std::int64_t value) {
  return put_tagged(at, value < 0 ? 0xD3 : 0xCF, static_cast<std::uint64_t>(value));
}
inline char* put_double(char* at, double value) {
  return put_tagged(at, 0xCB, std::bit_cast<std::uint64_t>(value));
}
inline char* put_index(char* at, std::uint32_t value) {  // the shortest form
  if (value < 0x80) {
    *at = static_cast<char>(value);
    return at + 1;
  }
  if (value < 0x100) return put_tagged(at, 0xCC, static_cast<std::uint8_t>(value));
  if (value < 0x10000) return put_tagged(at, 0xCD, static_cast<std::uint16_t>(value));
  return put_tagged(at, 0xCE, value);
}
inline char* put_map(char* at, std::uint32_t size) {
  if (size < 16) {
    *at = static_cast<char>(0x80 | size);
    return at + 1;
  }
  if (size < 0x10000) return put_tagged(at, 0xDE, static_cast<std::uint16_t>(size));
  return put_tagged(at, 0xDF, size);
}
inline char* put_array(char* at, std::uint32_t size) {
  if (size < 16) {
    *at = static_cast<char>(0x90 | size);
    return at + 1;
  }
  if (size < 0x10000) return put_tagged(at, 0xDC, static_cast<std::uint16_t>(size));
  return put_tagged(at, 0xDD, size);
}

inline void write_text(Buffer& out, std::string_view text) {
  out.advance_to(put_text(out.room(text.size() + kMaxHeader), text));
}

}  // namespace dd::encoding::msgpack
