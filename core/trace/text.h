// Text of a span: a pointer and a length into memory that lives as long as its span (the arena of
// its chunk) or for ever (literals, interned names). Absent and empty differ.

#pragma once

#include <cstdint>
#include <string_view>

namespace dd::trace {

// What Python gave for a field, and gets back: nothing else looks at it.
enum class Form : std::uint8_t { kText, kBytes, kNone };

struct Text {
  const char* data = nullptr;
  std::uint32_t size = 0;
  std::uint16_t number = 0;  // of a text that occurs often (core/trace/names.h), or kLasting
  Form form = Form::kText;
  static constexpr std::uint16_t kLasting = UINT16_MAX;

  constexpr Text() = default;
  constexpr explicit Text(std::string_view text)
      : data(text.data() ? text.data() : ""), size(static_cast<std::uint32_t>(text.size())) {}

  // One that lives for ever without a number: encoders know it again by its place.
  static constexpr Text lasting(std::string_view text) {
    Text made(text);
    made.number = kLasting;
    return made;
  }

  constexpr bool lasts() const { return number != 0; }
  constexpr bool present() const { return data != nullptr; }
  constexpr std::string_view view() const { return {data, size}; }
};

// A tag name. The well-known ones are constants in core/trace/tags.h. The fingerprint makes
// comparing names cheap.
struct Key {
  static constexpr std::uint16_t kLastCarried = 13;  // tags up to here may be bits of a span
  std::string_view text;
  std::uint16_t index = 0;  // its number; a text with one lives for ever
  std::uint8_t fingerprint = 0;

  constexpr Key(std::string_view name, std::uint16_t place = 0)
      : text(name), index(place), fingerprint(fingerprint_of(name)) {}
  // A numbered text whose fingerprint is known.
  constexpr Key(const Text& numbered, std::uint8_t known)
      : text(numbered.view()), index(numbered.number), fingerprint(known) {}

 private:
  static constexpr std::uint8_t fingerprint_of(std::string_view name) {
    if (name.empty()) return 0;
    // Chosen so that tags that are set or asked for together differ in the lowest five bits, which
    // a span remembers: a new one needs no search.
    const unsigned mixed = static_cast<unsigned>(name.size()) * 217u +
                           static_cast<unsigned char>(name.front()) * 219u +
                           static_cast<unsigned char>(name[name.size() / 2]) * 20u +
                           static_cast<unsigned char>(name.back()) * 228u;
    return static_cast<std::uint8_t>(mixed ^ (mixed >> 8));
  }
};

}  // namespace dd::trace
