#include "core/http/url.h"
#include "core/transport/address.h"
#include "core/transport/container.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = dd::fuzz::text_of(data, size);
  const auto address = dd::transport::parse_agent_url(text);
  if (address.ok()) {
    FUZZ_CHECK(address.value().socket.empty() != address.value().host.empty());
    FUZZ_CHECK(address.value().host_header.find_first_of("\r\n ") == std::string::npos);
    FUZZ_CHECK(address.value().prefix.find_first_of("\r\n ") == std::string::npos);
  } else {
    FUZZ_CHECK(!address.status().message().empty());
  }
  (void)dd::http::parse(text);
  (void)dd::http::without_query(text);
  (void)dd::http::without_credentials(text);
  (void)dd::transport::container_id_of(text);
  return 0;
}
