// Zstandard, by the system's library when there is one; opened at the first use.

#pragma once

#include <string>
#include <string_view>

namespace dd::transport {

// False: there is no library, or it failed; `out` is unchanged. Level 1.
bool compress_zstd(std::string_view text, std::string& out);

}  // namespace dd::transport
