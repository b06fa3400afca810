#include "core/remote_config/apm_tracing.h"
#include "core/remote_config/repository.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dd::remote_config;
  const std::string_view text = dd::fuzz::text_of(data, size);
  Repository repository;
  const Changes changes = repository.take(text);
  FUZZ_CHECK(changes.problem.empty() || changes.added.empty());
  FUZZ_CHECK(repository.request({}).size() > 100);
  Configuration one;
  one.content = text;
  Configuration* const all[] = {&one};
  (void)merge(all, "shop", "prod");
  static const bool listening = [] {
    on_library_change([](const LibraryConfig& before, const LibraryConfig& now) {
      FUZZ_CHECK(!(before == now));
    });
    return true;
  }();
  (void)listening;
  change_library(all);
  (void)parse_path(text);
  return 0;
}
