#include "core/http/url.h"

#include <gtest/gtest.h>

namespace dd::http {
namespace {

TEST(Url, has_all_its_parts) {
  const Url url = parse("http://user:pw@Host:80/a/b;p?q=1#f");
  EXPECT_EQ(url.scheme, "http");
  EXPECT_EQ(url.credentials, "user:pw");
  EXPECT_EQ(url.authority, "Host:80");
  EXPECT_EQ(url.host, "Host");
  EXPECT_EQ(url.port, "80");
  EXPECT_EQ(url.path, "/a/b");
  EXPECT_EQ(url.query, "q=1");
  EXPECT_EQ(url.fragment, "f");
}

TEST(Url, of_nothing_is_nothing) {
  const Url url = parse("");
  EXPECT_TRUE(url.host.empty());
  EXPECT_TRUE(url.path.empty());
  EXPECT_FALSE(url.has_query);
}

TEST(Url, of_a_path_has_no_host) {
  const Url url = parse("/a:b/c?d");
  EXPECT_TRUE(url.scheme.empty());
  EXPECT_TRUE(url.host.empty());
  EXPECT_EQ(url.path, "/a:b/c");
  EXPECT_EQ(url.query, "d");
}

TEST(Url, host_may_be_an_ipv6_address) {
  const Url url = parse("https://[2001:db8::1]:8443");
  EXPECT_EQ(url.host, "2001:db8::1");
  EXPECT_EQ(url.port, "8443");
  EXPECT_TRUE(url.path.empty());
}

TEST(Url, an_open_bracket_is_no_reason_to_fail) { EXPECT_EQ(parse("http://[::1/x").path, "/x"); }

TEST(Url, only_the_last_segment_has_parameters) {
  EXPECT_EQ(parse("http://h/a;x/b").path, "/a;x/b");
}

struct Case {
  const char* name;
  const char* url;
  const char* shown;
};

class WithoutCredentials : public testing::TestWithParam<Case> {};
TEST_P(WithoutCredentials, shows) {
  EXPECT_EQ(without_credentials(GetParam().url), GetParam().shown);
}
INSTANTIATE_TEST_SUITE_P(
    Urls, WithoutCredentials,
    testing::Values(Case{"nothing_to_hide", "http://h/a;p?b#c", "http://h/a;p?b#c"},
                    Case{"parameters_and_fragment_go_too", "http://u:p@h/a;b?c=1#d",
                         "http://h/a?c=1"},
                    Case{"a_name_alone", "http://u@h", "http://h"},
                    Case{"an_at_in_the_password", "http://u@x:p@h/a", "http://h/a"},
                    Case{"an_at_in_the_path_stays", "http://h/@u;x#f", "http://h/@u;x#f"}),
    [](const auto& one) { return one.param.name; });

TEST(Url, loses_its_query_and_keeps_its_fragment) {
  EXPECT_EQ(without_query("http://h/a?b=1#c"), "http://h/a#c");
  EXPECT_EQ(without_query("http://h/a#c?d"), "http://h/a#c?d");
  EXPECT_EQ(without_query("http://h/a"), "http://h/a");
}

}  // namespace
}  // namespace dd::http
