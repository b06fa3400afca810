#include "core/transport/response.h"
#include "tests/fuzz/fuzz.h"

using dd::transport::Parsed;
using dd::transport::Response;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = dd::fuzz::text_of(data, size);
  Response whole, part;
  const Parsed parsed = dd::transport::parse_response(text, true, whole);
  FUZZ_CHECK(parsed != Parsed::kMore);
  FUZZ_CHECK(whole.body.size() <= dd::transport::kMaxResponse);
  (void)whole.header("Datadog-Agent-State");
  // Bytes that come one by one: once bad or done, a response does not change its mind.
  const std::size_t step = text.size() / 64 + 1;
  for (std::size_t seen = 0; seen < text.size(); seen += step) {
    const Parsed now = dd::transport::parse_response(text.substr(0, seen), false, part);
    if (now == Parsed::kBad) FUZZ_CHECK(parsed == Parsed::kBad);
    if (now == Parsed::kDone) FUZZ_CHECK(parsed == Parsed::kDone && part.body == whole.body);
  }
  return 0;
}
