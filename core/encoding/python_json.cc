#include "core/encoding/python_json.h"

#include <charconv>
#include <cmath>

#include "core/encoding/utf8.h"

namespace dd::encoding::python_json {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

void append_unit(std::string& out, std::uint32_t unit) {  // \uXXXX
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[(unit >> shift) & 15];
}

template <class T>
void append_number(std::string& out, T value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
}

}  // namespace

void append_text(std::string& out, std::string_view text) {
  out += '"';
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    const char* plain = at;
    while (at < end && *at >= ' ' && *at <= '~' && *at != '"' && *at != '\\') ++at;
    out.append(plain, at);
    if (at >= end) break;
    const std::uint32_t character = next_character(at, end);
    switch (character) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (character < 0x10000) {
          append_unit(out, character);
        } else {
          append_unit(out, 0xD800 + ((character - 0x10000) >> 10));
          append_unit(out, 0xDC00 + ((character - 0x10000) & 0x3FF));
        }
    }
  }
  out += '"';
}

void append_double(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
    return;
  }
  // Python: the shortest digits, with an exponent below 1e-4 and from 1e16 on.
  const double size = std::fabs(value);
  const bool scientific = size != 0 && (size < 1e-4 || size >= 1e16);
  char text[48];
  const auto form = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  const char* const end = std::to_chars(text, text + sizeof(text), value, form).ptr;
  const std::string_view written(text, static_cast<std::size_t>(end - text));
  out += written;
  if (!scientific && written.find('.') == written.npos) out += ".0";
}

void append_int(std::string& out, std::int64_t value) { append_number(out, value); }
void append_unsigned(std::string& out, std::uint64_t value) { append_number(out, value); }

void append_hex(std::string& out, std::uint64_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kDigits[(value >> shift) & 15];
}

}  // namespace dd::encoding::python_json
