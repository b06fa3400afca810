#include <algorithm>

#include "core/config/stable_file.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string arguments[] = {"python", "app.py", "--flag=1"};
  const dd::config::Pairs environment = {{"DD_SERVICE", "shop"}, {"X", "y"}};
  std::string problem;
  const auto file =
      dd::config::parse_stable_file(dd::fuzz::text_of(data, size),
                                    {.arguments = arguments, .environment = &environment}, problem);
  FUZZ_CHECK(file || !problem.empty());
  if (file) {
    FUZZ_CHECK(std::is_sorted(file->values.begin(), file->values.end(),
                              [](const auto& a, const auto& b) { return a.first < b.first; }));
  }
  return 0;
}
