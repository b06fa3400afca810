// Signatures of Ed25519, checked by OpenSSL's libcrypto: opened at run time, by the first signature
// that is to be checked, without anybody else seeing its symbols.

#pragma once

#include <string_view>

#include "core/base/status.h"

namespace dd::remote_config {

// Whether signatures can be checked here; the error says what is missing. Any thread.
Status find_crypto();

// `key` is 32 bytes, `signature` 64. False for any others, and without the library.
bool verify_ed25519(std::string_view key, std::string_view message, std::string_view signature);

}  // namespace dd::remote_config
