// Texts that occur again and again get a number: names of tags and spans, and the constants of the
// program that are their values. A numbered text lives for ever, so spans point to it instead of
// copying it, names are compared by number, and encoders find what they have written of it by
// number.
//
// There is room for a limited number of short texts; those that come later are handled as ordinary
// ones. The tags of tags.def have the first numbers. Threads of the host.

#pragma once

#include <string_view>

#include "core/trace/text.h"

namespace dd::trace {

inline constexpr std::uint16_t kMostNames = 2048;
inline constexpr std::size_t kLongestName = 64;

// The text with its number, or nothing when it has none and there is no room for it.
Text numbered(std::string_view text);

}  // namespace dd::trace
