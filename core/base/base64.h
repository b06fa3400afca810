// Base64 of RFC 4648, section 4.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dd::base {

// Nullopt for what is no base64: other characters, a length that cannot be, bits left over. Padding
// may be absent.
std::optional<std::string> from_base64(std::string_view text);
std::string to_base64(std::string_view bytes);  // with padding

}  // namespace dd::base
