#include "core/config/parse.h"
#include "core/http/header_tags.h"
#include "core/http/status_ranges.h"
#include "core/propagation/propagation.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = dd::fuzz::text_of(data, size);
  (void)dd::config::parse_bool(text);
  (void)dd::config::parse_int(text);
  if (const auto number = dd::config::parse_double(text))
    FUZZ_CHECK(*number >= -1e300 && *number <= 1e300);
  for (const auto& [key, value] : dd::config::parse_pairs(text)) FUZZ_CHECK(!key.empty());
  for (const auto& piece : dd::config::parse_list(text)) FUZZ_CHECK(!piece.empty());
  for (const auto& [low, high] : dd::config::parse_status_ranges(text)) FUZZ_CHECK(low <= high);
  (void)dd::http::StatusRanges(text).contains(500);
  (void)dd::http::HeaderTags(text).tag("X-A", dd::http::Side::kRequest);
  (void)dd::http::header_tag(text, dd::http::Side::kResponse);
  (void)dd::propagation::parse_styles(text);
  return 0;
}
