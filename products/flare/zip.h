// A ZIP archive of a few small files, stored as they are.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dd::flare {

std::uint32_t crc32(std::string_view bytes);  // of ZIP and Ethernet
// (name, content) each; at most 65535 files and 4 GiB.
std::string zip(const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace dd::flare
