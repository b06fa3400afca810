#include "core/encoding/utf8.h"

#include <gtest/gtest.h>

namespace dd::encoding {
namespace {

struct Case {
  const char* name;
  std::string_view text;
  std::string_view tidied;
};
constexpr Case kCases[] = {
    {"ascii stays", "abcdefghij", "abcdefghij"},
    {"two bytes stay", "\xc3\xa9", "\xc3\xa9"},
    {"a cut sequence", "ab\xe2\x82", "ab\xef\xbf\xbd\xef\xbf\xbd"},
    {"an overlong slash", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"beyond the last character", "\xf4\x90\x80\x80",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
};

TEST(Tidy, repairs_what_is_not_utf8) {
  for (const Case& c : kCases) {
    std::string storage;
    EXPECT_EQ(tidy(c.text, storage), c.tidied) << c.name;
    EXPECT_TRUE(is_valid_utf8(tidy(c.text, storage))) << c.name;
  }
}

TEST(Tidy, counts_characters_not_bytes) {
  std::string text, storage;
  for (int i = 0; i < 25'000; ++i) text += "\xc3\xa9";
  EXPECT_EQ(tidy(text, storage).data(), text.data());
  text += 'x';
  const std::string_view cut = tidy(text, storage);
  EXPECT_EQ(cut.size(), 2 * kKeptCharacters + kCutMark.size());
  EXPECT_TRUE(cut.ends_with(kCutMark));
}

}  // namespace
}  // namespace dd::encoding
