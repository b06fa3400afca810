#include "core/stats/obfuscate.h"
#include "core/stats/quantize.h"
#include "core/stats/sql.h"
#include "core/stats/trace_filter.h"
#include "tests/fakes/made_trace.h"
#include "tests/fuzz/fuzz.h"

// The first line is a filter of traces, the rest a query, commands and a peer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = dd::fuzz::text_of(data, size);
  const std::string filter(dd::fuzz::next_line(text));
  const std::string query = dd::stats::obfuscate_sql(text);
  FUZZ_CHECK(query.size() <= text.size() * 3);
  const std::string commands = dd::stats::quantize_redis(text);
  FUZZ_CHECK(commands.size() <= text.size() + 4);
  const std::string peer = dd::stats::quantize_peer(text);
  FUZZ_CHECK(text.size() > 100 || peer.size() <= text.size() * 20 + 20);
  (void)dd::stats::grpc_status(text);
  FUZZ_CHECK(dd::stats::obfuscate_redis(text).size() <= text.size() * 2);
  FUZZ_CHECK(dd::stats::obfuscate_json(text).size() <= text.size() * 4 + 3);

  static dd::fakes::MadeTrace* const made = [] {
    auto* const one = new dd::fakes::MadeTrace;
    one->tag(one->span("root", 1), "key", "value");
    return one;
  }();
  const dd::stats::TraceFilter filters({.require = {filter},
                                        .require_regex = {filter},
                                        .reject_regex = {"key:" + filter},
                                        .ignore_resources = {filter}});
  (void)filters.drops(made->delivery());
  return 0;
}
