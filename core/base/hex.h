// Sixteen hexadecimal digits at once.

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace dd::base {

namespace detail {
// The eight digits of a number as bytes, the most significant first in memory.
inline std::uint64_t hex8(std::uint32_t number) {
  std::uint64_t x = number;
  x = (x << 16 | x) & 0x0000FFFF0000FFFFull;
  x = (x << 8 | x) & 0x00FF00FF00FF00FFull;
  x = (x << 4 | x) & 0x0F0F0F0F0F0F0F0Full;
  const std::uint64_t letters = ((x + 0x0606060606060606ull) >> 4) & 0x0101010101010101ull;
  return __builtin_bswap64(x + 0x3030303030303030ull + letters * ('a' - '0' - 10));
}
}  // namespace detail

// Lower case, without a terminator.
inline void hex16(std::uint64_t number, char out[16]) {
  static_assert(std::endian::native == std::endian::little);
  const std::uint64_t digits[2] = {detail::hex8(static_cast<std::uint32_t>(number >> 32)),
                                   detail::hex8(static_cast<std::uint32_t>(number))};
  std::memcpy(out, digits, sizeof digits);
}

}  // namespace dd::base
