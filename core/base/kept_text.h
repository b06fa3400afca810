// A text of a generated table, by its place among all texts of that table.
//
// A table of string_views has addresses in it. In a program that may be loaded anywhere the loader
// corrects each of them before main, and every page it writes to is a page of memory and a fault at
// every start; a table of places is read from the file when somebody asks.
//
//   extern const char registry_texts[];
//   using Text = base::KeptText<registry_texts>;

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dd::base {

template <const auto& kTexts>
class KeptText {
 public:
  constexpr KeptText() = default;
  consteval KeptText(std::uint32_t at, std::uint32_t size)
      : at_(at < 1u << kPlaceBits ? at : throw "too many texts"),
        size_(size < 1u << kSizeBits ? size : throw "too long a text"),
        is_null_(0) {}

  constexpr std::string_view view() const {
    return is_null_ != 0 ? std::string_view() : std::string_view(&kTexts[at_], size_);
  }
  constexpr operator std::string_view() const { return view(); }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr bool starts_with(std::string_view text) const { return view().starts_with(text); }
  constexpr bool ends_with(std::string_view text) const { return view().ends_with(text); }
  friend constexpr bool operator==(KeptText a, std::string_view b) { return a.view() == b; }
  friend constexpr bool operator==(KeptText a, KeptText b) { return a.view() == b.view(); }
  friend constexpr auto operator<=>(KeptText a, std::string_view b) { return a.view() <=> b; }

 private:
  static constexpr int kPlaceBits = 19, kSizeBits = 12;

  std::uint32_t at_ : kPlaceBits = 0;
  std::uint32_t size_ : kSizeBits = 0;
  std::uint32_t is_null_ : 1 = 1;  // no text, which is not the same as an empty one
};

}  // namespace dd::base
