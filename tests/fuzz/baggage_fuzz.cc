#include "core/propagation/propagation.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto items = dd::propagation::parse_baggage(dd::fuzz::text_of(data, size));
  if (!items) return 0;
  const std::string header = dd::propagation::encode_baggage(*items);
  FUZZ_CHECK(header.size() <= 8192);
  FUZZ_CHECK(header.find_first_of("\r\n") == header.npos);
  // What is only blanks is written as nothing, as by the reference, and then is no item.
  const std::string lined = "," + header + ",";
  const bool hollow = lined.find(",=") != lined.npos || lined.find("=,") != lined.npos;
  if (!header.empty() && !hollow) FUZZ_CHECK(dd::propagation::parse_baggage(header));
  return 0;
}
