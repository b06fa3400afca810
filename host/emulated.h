// The ddtrace whose behaviour, programming interface and wire format this program has.
// pyshim/ddtrace/version.py says the same to Python; tests/host holds them together.

#pragma once

#include <string_view>

#define DD_EMULATED_VERSION "4.16.0"

namespace dd::host {

inline constexpr std::string_view kEmulatedMetadata =
    "Metadata-Version: 2.1\n"
    "Name: ddtrace\n"
    "Version: " DD_EMULATED_VERSION
    "\n"
    "Summary: The ddtrace package inside ddpython\n"
    "License: Apache-2.0\n"
    "\n";

}  // namespace dd::host
