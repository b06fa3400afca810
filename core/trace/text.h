// Text of a span: a pointer and a length into memory that lives as long as its span (the arena of
// its chunk) or for ever (literals, interned names). Absent and empty differ.

#pragma once

#include <cstdint>
#include <string_view>

namespace dd::trace {

struct Text {
  const char* data = nullptr;
  std::uint32_t size = 0;

  constexpr Text() = default;
  constexpr explicit Text(std::string_view text)
      : data(text.data() ? text.data() : ""), size(static_cast<std::uint32_t>(text.size())) {}

  constexpr bool present() const { return data != nullptr; }
  constexpr std::string_view view() const { return {data, size}; }
};

// A well-known tag name (core/trace/tags.h): its place in the table saves the encoder a lookup.
struct Key {
  std::string_view text;
  std::uint16_t index = 0;  // from 1; 0 for names that are not in the table

  constexpr Key(std::string_view name, std::uint16_t place = 0) : text(name), index(place) {}
};

}  // namespace dd::trace
