#include "core/json/json.h"
#include "tests/fuzz/fuzz.h"

namespace {

using dd::json::Value;

std::string text_of(const Value& value) {
  dd::json::Writer out;
  return out.value(value).take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = dd::json::parse(dd::fuzz::text_of(data, size));
  if (!read) return 0;
  // What was understood can be written, and is understood as the same again.
  const std::string once = text_of(*read);
  const auto again = dd::json::parse(once);
  FUZZ_CHECK(again);
  FUZZ_CHECK(text_of(*again) == once);
  return 0;
}
