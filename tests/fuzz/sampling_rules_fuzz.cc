#include "core/sampling/sampling.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = dd::fuzz::text_of(data, size);
  std::vector<std::string> problems;
  for (const auto& rule : dd::sampling::parse_rules(text, &problems)) {
    FUZZ_CHECK(rule.rate >= 0 && rule.rate <= 1);
    (void)dd::sampling::glob_matches(rule.service.value_or("*"), rule.resource.value_or("?"));
  }
  for (const auto& rule : dd::sampling::parse_remote_rules(text, &problems))
    FUZZ_CHECK(rule.rate >= 0 && rule.rate <= 1);
  for (const auto& rule : dd::sampling::parse_span_rules(text, &problems))
    FUZZ_CHECK(rule.rate >= 0 && rule.rate <= 1);
  return 0;
}
