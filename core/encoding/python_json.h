// JSON as Python's json.dumps writes it by default: ASCII only, floats by their shortest form. For
// the parts of payloads that are JSON text. One thread at a time.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dd::encoding::python_json {

// With the quotes. Bytes that are not UTF-8 become U+FFFD; long text is not cut here.
void append_text(std::string& out, std::string_view text);
// "1.0", "1e-07", "NaN", "Infinity", "-Infinity".
void append_double(std::string& out, double value);
void append_int(std::string& out, std::int64_t value);
void append_unsigned(std::string& out, std::uint64_t value);
// Lower-case hexadecimal with leading zeros; `digits` at most 16.
void append_hex(std::string& out, std::uint64_t value, int digits);

}  // namespace dd::encoding::python_json
