#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/log.h"
#include "core/propagation/styles.h"
#include "core/propagation/tally.h"
#include "core/propagation/text.h"

namespace dd::propagation {
namespace {

constexpr std::size_t kMaxBaggageItems = 64, kMaxBaggageBytes = 8192;
constexpr std::string_view kKeySafe = "!#$%&'*+-.^_`|~";
constexpr std::string_view kValueSafe = "!#$%&'()*+-./:<>?@[]^_`{|}~";
constinit bool cut_warned = false;

void encode(std::string& out, std::string_view text, std::string_view safe) {
  for (const char c : strip(text)) {
    if (base::is_letter_or_digit(c) || safe.find(c) != safe.npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += "0123456789ABCDEF"[byte >> 4];
      out += "0123456789ABCDEF"[byte & 15];
    }
  }
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size())
      if (const auto byte = read_hex(text.substr(i + 1, 2), false)) {
        out += static_cast<char>(*byte);
        i += 2;
        continue;
      }
    out += text[i];
  }
  return out;
}

bool cut(std::size_t items, std::size_t bytes) {
  if (items > kMaxBaggageItems)
    tally.too_many_items.add();
  else if (bytes > kMaxBaggageBytes)
    tally.too_many_bytes.add();
  else
    return false;
  return true;
}

}  // namespace

std::string encode_baggage(const trace::Entries& items) {
  std::string out;
  std::size_t count = 0;
  for (const auto& [key, value] : items) {
    std::string piece;
    encode(piece, key, kKeySafe);
    piece += '=';
    encode(piece, value, kValueSafe);
    const std::size_t with = out.size() + piece.size() + (out.empty() ? 0 : 1);
    if (cut(++count, with)) {
      base::log_once(cut_warned, base::LogLevel::kWarning,
                     "baggage: more than 64 items or 8192 bytes; the rest is not propagated");
      break;
    }
    if (!out.empty()) out += ',';
    out += piece;
  }
  return out;
}

std::optional<trace::Entries> parse_baggage(std::string_view header) {
  trace::Entries items;
  std::string_view piece;
  std::size_t count = 0, bytes = 0;
  while (next_piece(header, ',', piece)) {
    bytes += piece.size() + (count ? 1 : 0);
    if (cut(++count, bytes)) break;
    const std::size_t equals = piece.find('=');
    if (equals == piece.npos) return std::nullopt;
    const std::string key(decode(strip(piece.substr(0, equals))));
    const std::string value(decode(strip(piece.substr(equals + 1))));
    if (key.empty() || value.empty()) return std::nullopt;
    trace::set_entry(items, key, value);
  }
  return items;
}

}  // namespace dd::propagation
