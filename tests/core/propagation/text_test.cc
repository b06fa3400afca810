#include "core/propagation/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace dd::propagation {
namespace {

bool is_hex_digit(int c, bool lower_only) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (!lower_only && c >= 'A' && c <= 'F');
}

TEST(ReadHex, takes_exactly_the_digits_at_every_place) {
  for (const bool lower_only : {false, true})
    for (std::size_t at = 0; at < 16; ++at)
      for (int c = 0; c < 256; ++c) {
        std::string text = "0123456789abcdef";
        text[at] = static_cast<char>(c);
        const auto read = read_hex(text, lower_only);
        ASSERT_EQ(read.has_value(), is_hex_digit(c, lower_only)) << text << " " << at;
        if (read) {
          ASSERT_EQ(*read, std::stoull(text, nullptr, 16)) << text;
        }
      }
}

TEST(ReadPythonInt, takes_exactly_the_digits_at_every_place) {
  for (const std::size_t size : {8, 9, 16, 19})
    for (std::size_t at = 0; at < size; ++at)
      for (int c = 0; c < 256; ++c) {
        std::string text = std::string("1234567890123456789").substr(0, size);
        text[at] = static_cast<char>(c);
        const auto read = read_python_int(text);
        if (c >= '0' && c <= '9') {
          ASSERT_TRUE(read) << text;
          ASSERT_EQ(read->size, std::stoull(text)) << text;
          ASSERT_FALSE(read->negative || read->large);
        } else if (c == '_' && at > 0 && at + 1 < size) {
          ASSERT_TRUE(read) << text;
          ASSERT_EQ(read->size, std::stoull(text.substr(0, at) + text.substr(at + 1))) << text;
        } else if (read) {
          ASSERT_TRUE((at == 0 && (c == '-' || c == '+')) || at == 0 || at + 1 == size) << text;
          ASSERT_EQ(read->negative, c == '-') << text;
        }
      }
}

TEST(ReadPythonInt, tells_of_what_64_bits_do_not_hold) {
  EXPECT_EQ(read_python_int("18446744073709551615")->size, UINT64_MAX);
  EXPECT_FALSE(read_python_int("18446744073709551615")->large);
  EXPECT_TRUE(read_python_int("18446744073709551616")->large);
  EXPECT_EQ(read_python_int("0000000000000000000000007")->size, 7u);
  EXPECT_FALSE(read_python_int(""));
}

}  // namespace
}  // namespace dd::propagation
