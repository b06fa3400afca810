// SHA-256 (FIPS 180-4), for comparing what an agent says with what was read.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace dd::base {

std::array<std::uint8_t, 32> sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);  // lower case

}  // namespace dd::base
