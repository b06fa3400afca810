#include <gtest/gtest.h>

#include <map>

#include "core/transport/address.h"
#include "core/transport/agent_info.h"
#include "core/transport/intake_sink.h"
#include "core/transport/response.h"

namespace dd::transport {
namespace {

struct Case {
  const char* name;
  std::string_view bytes;
  bool ended;
  Parsed parsed;
  int status;
  std::string_view body;
};
constexpr Case kCases[] = {
    {"length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, Parsed::kDone, 200, "hi"},
    {"length not there yet", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", false, Parsed::kMore,
     200, ""},
    {"cut", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", true, Parsed::kBad, 200, ""},
    {"chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", false,
     Parsed::kDone, 200, "hi"},
    {"a bad chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", false,
     Parsed::kBad, 200, ""},
    {"until the end", "HTTP/1.0 500 no\r\n\r\nbody", true, Parsed::kDone, 500, "body"},
    {"continue first", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 -\r\nContent-Length: 0\r\n\r\n",
     false, Parsed::kDone, 404, ""},
    {"garbage", "\x01\x02garbage", false, Parsed::kBad, 0, ""},
    {"half a head", "HTTP/1.1 20", false, Parsed::kMore, 0, ""},
    {"no head", "HTTP/1.1 20", true, Parsed::kBad, 0, ""},
    {"too long", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", false, Parsed::kBad, 200,
     ""},
};

TEST(Response, is_parsed) {
  for (const Case& c : kCases) {
    Response out;
    EXPECT_EQ(parse_response(c.bytes, c.ended, out), c.parsed) << c.name;
    EXPECT_EQ(out.status, c.status) << c.name;
    if (c.parsed == Parsed::kDone) {
      EXPECT_EQ(out.body, c.body) << c.name;
    }
  }
}

using Rates = std::map<std::string, double, std::less<>>;
void keep(void* self, std::string_view key, double rate) {
  static_cast<Rates*>(self)->emplace(key, rate);
}

TEST(Rates, are_read_from_the_answer) {
  Rates rates;
  EXPECT_TRUE(parse_rates(R"( {"rate_by_service": {"service:a,env:b": 0.5, "service:,env:":1}} )",
                          keep, &rates));
  EXPECT_EQ(rates, (Rates{{"service:a,env:b", 0.5}, {"service:,env:", 1.0}}));
}

TEST(Rates, of_another_form_are_refused) {
  Rates rates;
  for (const char* text :
       {"", "OK", "{}", "[]", "{\"rate_by_service\": 1}", "{\"rate_by_service\": {\"a\": }}",
        "{\"rate_by_service\": {\"a\": 1", "{\"rate_by_service\": {\"a\\u12\": 1}}"})
    EXPECT_FALSE(parse_rates(text, keep, &rates)) << text;
}

TEST(AgentUrl, has_host_port_and_prefix) {
  const auto a = parse_agent_url("http://[::1]:99/base/");
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(a.value().host, "::1");
  EXPECT_EQ(a.value().port, "99");
  EXPECT_EQ(a.value().prefix, "/base");
  EXPECT_EQ(parse_agent_url("http://agent").value().port, "80");
}

TEST(Intake, is_found_by_its_site) {
  EXPECT_EQ(intake::origin_of("datadoghq.com"),
            "https://public-trace-http-intake.logs.datadoghq.com");
  EXPECT_EQ(intake::origin_of("us5.datadoghq.com"),
            "https://trace.browser-intake-us5-datadoghq.com");
  EXPECT_EQ(intake::origin_of("a.b.example.org"), "https://browser-intake-a-b-example.org");
  EXPECT_EQ(intake::origin_of("host"), "https://browser-intake-host");
}

}  // namespace
}  // namespace dd::transport
