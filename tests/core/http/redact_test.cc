#include "core/http/redact.h"

#include <gtest/gtest.h>

namespace dd::http {
namespace {

struct Case {
  const char* name;
  const char* url;
  const char* shown;
};

// What the reference shows of the same URLs, but for the second name below, which it lets through.
class DefaultPattern : public testing::TestWithParam<Case> {};
TEST_P(DefaultPattern, shows) {
  const QueryRedactor redactor(kDefaultQueryPattern);
  ASSERT_TRUE(redactor.usable());
  EXPECT_EQ(shown_url(GetParam().url, true, redactor), GetParam().shown);
}
INSTANTIATE_TEST_SUITE_P(
    Urls, DefaultPattern,
    testing::Values(
        Case{"plain", "http://h/?a=1&b=2", "http://h/?a=1&b=2"},
        Case{"password", "http://h/s?a=1&password=xx#frag", "http://h/s?a=1&<redacted>#frag"},
        Case{"key", "http://h/?x=1&api_key=3#f", "http://h/?x=1&<redacted>#f"},
        Case{"token_keeps_what_stands_before",
             "http://h/?a=1&jwt=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_d&b=2",
             "http://h/?a=1&jwt=<redacted>&b=2"},
        Case{"json", "http://h/?json=%22password%22%3A%22x%22&y", "http://h/?json=<redacted>&y"},
        Case{"bytes_outside_ascii", "http://h/p?auth=\xc3\xa9&z=1", "http://h/p?<redacted>&z=1"},
        Case{"capital_letters", "http://h/?Authorization=bearer%20abc", "http://h/?<redacted>"},
        Case{"empty_query", "http://h/?", "http://h/?"},
        Case{"a_path_is_no_query", "http://h/password=x", "http://h/password=x"},
        Case{"credentials", "http://u:p@h/a;b?token=1#d", "http://h/a?<redacted>"}),
    [](const auto& one) { return one.param.name; });

TEST(QueryRedactor, hides_nothing_with_an_empty_pattern) {
  const QueryRedactor redactor("");
  EXPECT_TRUE(redactor.usable());
  EXPECT_EQ(redactor.url("http://h/?password=1#f"), "http://h/?password=1#f");
}

TEST(QueryRedactor, shows_no_query_when_the_pattern_is_bad) {
  const QueryRedactor redactor("(");
  EXPECT_FALSE(redactor.usable());
  EXPECT_EQ(redactor.url("http://h/?password=1#f"), "http://h/#f");
  EXPECT_EQ(redactor.query("password=1"), "");
}

TEST(QueryRedactor, takes_a_pattern_of_the_user) {
  const QueryRedactor redactor("b=[0-9]+");
  EXPECT_EQ(redactor.query("a=1&b=22&c=3"), "a=1&<redacted>&c=3");
}

TEST(QueryRedactor, ends_with_a_pattern_that_matches_nothing) {
  const QueryRedactor redactor("x*");
  EXPECT_EQ(redactor.query("ab"), "<redacted>a<redacted>b<redacted>");
}

TEST(QueryRedactor, survives_a_pattern_made_to_hang_others) {
  const QueryRedactor redactor("(a+)+$");
  EXPECT_EQ(redactor.query(std::string(50000, 'a') + "!"), std::string(50000, 'a') + "!");
}

TEST(ShownUrl, has_no_query_when_the_settings_say_so) {
  const QueryRedactor redactor(kDefaultQueryPattern);
  EXPECT_EQ(shown_url("http://u:p@h/a?b=1#c", false, redactor), "http://h/a");
  EXPECT_EQ(shown_url("http://h/a?b=1#c", false, redactor), "http://h/a#c");
}

}  // namespace
}  // namespace dd::http
