#include "core/http/client_ip.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace dd::http {
namespace {

using Headers = std::map<std::string, std::string, std::less<>>;

std::string ip(const Headers& headers, std::string_view peer, std::string_view only = {}) {
  const HeaderReader reader{[](const void* from, std::string_view name) -> std::string_view {
                              const auto& all = *static_cast<const Headers*>(from);
                              const auto at = all.find(name);
                              return at == all.end() ? std::string_view() : at->second;
                            },
                            &headers};
  return client_ip(reader, peer, only);
}

TEST(ClientIp, is_the_first_public_address) {
  EXPECT_EQ(ip({{"x-forwarded-for", "10.0.0.1, 8.8.8.8, 1.1.1.1"}}, "127.0.0.1"), "8.8.8.8");
  EXPECT_EQ(ip({{"x-real-ip", "2a00::5"}}, "127.0.0.1"), "2a00::5");
}

TEST(ClientIp, takes_the_strongest_header_only) {
  EXPECT_EQ(ip({{"x-forwarded-for", "10.0.0.1"}, {"x-real-ip", "8.8.8.8"}}, ""), "10.0.0.1");
}

TEST(ClientIp, is_the_peer_when_no_header_says_more) {
  EXPECT_EQ(ip({}, "8.8.8.8"), "8.8.8.8");
  EXPECT_EQ(ip({}, "127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(ip({{"x-forwarded-for", "192.168.1.1"}}, "9.9.9.9"), "9.9.9.9");
  EXPECT_EQ(ip({{"x-forwarded-for", "192.168.1.1"}}, "127.0.0.1"), "192.168.1.1");
  EXPECT_EQ(ip({}, "not an address"), "");
}

TEST(ClientIp, reads_ports_quotes_and_forwarded) {
  EXPECT_EQ(ip({{"x-forwarded-for", "8.8.8.8:1234"}}, ""), "8.8.8.8");
  EXPECT_EQ(ip({{"forwarded", "for=8.8.8.8;proto=https"}}, ""), "8.8.8.8");
  EXPECT_EQ(ip({{"forwarded", "for=\"[2a00::5]:80\""}}, ""), "2a00::5");
  EXPECT_EQ(ip({{"forwarded", "for=\"[2a00"}}, ""), "");
}

TEST(ClientIp, believes_the_one_header_it_is_told) {
  EXPECT_EQ(ip({{"x-own", " 1.2.3.4 "}, {"x-real-ip", "8.8.8.8"}}, "9.9.9.9", "x-own"), "1.2.3.4");
  EXPECT_EQ(ip({{"x-own", "10.1.1.1"}, {"x-real-ip", "8.8.8.8"}}, "127.0.0.1", "x-own"),
            "10.1.1.1");
  EXPECT_EQ(ip({{"x-own", "10.1.1.1"}}, "9.9.9.9", "x-own"), "9.9.9.9");
  EXPECT_EQ(ip({{"x-own", "1.2.3.4, 5.6.7.8"}}, "9.9.9.9", "x-own"), "9.9.9.9");
  EXPECT_EQ(ip({{"x-real-ip", "8.8.8.8"}}, "127.0.0.1", "x-own"), "127.0.0.1");
}

struct Case {
  const char* address;
  Reach reach;
};
class Addresses : public testing::TestWithParam<Case> {};
TEST_P(Addresses, reach) { EXPECT_EQ(reach(GetParam().address), GetParam().reach); }
INSTANTIATE_TEST_SUITE_P(
    Reach, Addresses,
    testing::Values(Case{"8.8.8.8", Reach::kGlobal}, Case{"172.15.0.1", Reach::kGlobal},
                    Case{"172.31.0.1", Reach::kPrivate}, Case{"100.64.0.1", Reach::kPrivate},
                    Case{"0.0.0.0", Reach::kPrivate}, Case{"255.255.255.255", Reach::kPrivate},
                    Case{"::1", Reach::kPrivate}, Case{"::", Reach::kPrivate},
                    Case{"::2", Reach::kGlobal}, Case{"fe80::1", Reach::kPrivate},
                    Case{"fd00::1", Reach::kPrivate}, Case{"2001:db8::1", Reach::kPrivate},
                    Case{"2606:4700::1", Reach::kGlobal}, Case{"::ffff:8.8.8.8", Reach::kPrivate},
                    Case{"1.2.3", Reach::kInvalid}, Case{"", Reach::kInvalid},
                    Case{"1.2.3.4%eth0 and then very much more text than an address has",
                         Reach::kInvalid}));

}  // namespace
}  // namespace dd::http
