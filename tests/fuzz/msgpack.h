// Whether bytes are one MessagePack value whose texts are UTF-8.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/encoding/utf8.h"

namespace dd::fuzz {

class MsgpackReader {
 public:
  explicit MsgpackReader(std::string_view data) : rest_(data) {}
  bool whole() { return value(0) && rest_.empty(); }
  std::size_t top = 0;  // values of the outermost array or map

 private:
  bool number(std::size_t size, std::uint64_t& out) {
    if (rest_.size() < size) return false;
    out = 0;
    for (std::size_t i = 0; i < size; ++i) out = out << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(size);
    return true;
  }
  bool skip(std::uint64_t size, bool is_text) {
    if (rest_.size() < size) return false;
    const std::string_view content = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return !is_text || encoding::is_valid_utf8(content);
  }
  bool sized(std::size_t width, bool is_text) {
    std::uint64_t size;
    return number(width, size) && skip(size, is_text);
  }
  bool values(std::uint64_t count, int depth) {
    if (depth == 0) top = count;
    for (; count > 0; --count)
      if (!value(depth + 1)) return false;
    return true;
  }
  bool many(std::size_t width, std::uint64_t each, int depth) {
    std::uint64_t count;
    return number(width, count) && values(count * each, depth);
  }
  bool value(int depth) {
    std::uint64_t kind;
    if (depth > 200 || !number(1, kind)) return false;
    if (kind < 0x80 || kind >= 0xE0) return true;
    if (kind < 0x90) return values((kind & 15) * 2, depth);
    if (kind < 0xA0) return values(kind & 15, depth);
    if (kind < 0xC0) return skip(kind & 31, true);
    switch (kind) {
      case 0xC0:
      case 0xC2:
      case 0xC3:
        return true;
      case 0xC4:
      case 0xC5:
      case 0xC6:
        return sized(std::size_t{1} << (kind - 0xC4), false);
      case 0xCA:
        return skip(4, false);
      case 0xCB:
        return skip(8, false);
      case 0xCC:
      case 0xCD:
      case 0xCE:
      case 0xCF:
        return skip(1u << (kind - 0xCC), false);
      case 0xD0:
      case 0xD1:
      case 0xD2:
      case 0xD3:
        return skip(1u << (kind - 0xD0), false);
      case 0xD9:
      case 0xDA:
      case 0xDB:
        return sized(std::size_t{1} << (kind - 0xD9), true);
      case 0xDC:
        return many(2, 1, depth);
      case 0xDD:
        return many(4, 1, depth);
      case 0xDE:
        return many(2, 2, depth);
      case 0xDF:
        return many(4, 2, depth);
      default:
        return false;
    }
  }
  std::string_view rest_;
};

}  // namespace dd::fuzz
