#include "core/transport/agent_info.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = dd::fuzz::text_of(data, size);
  if (const auto info = dd::transport::parse_info(text)) {
    FUZZ_CHECK(info->statsd_port >= 0 && info->statsd_port <= 65535);
    FUZZ_CHECK(info->obfuscation_version >= 0);
    (void)info->evp_proxy();
  }
  (void)dd::transport::parse_rates(
      text, [](void*, std::string_view, double rate) { FUZZ_CHECK(rate >= 0 && rate <= 1); },
      nullptr);
  return 0;
}
