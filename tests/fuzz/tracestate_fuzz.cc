// The first byte chooses the sampled flag, the first line what else came, the rest is a tracestate.

#include <algorithm>
#include <string>

#include "core/propagation/propagation.h"
#include "tests/fuzz/fuzz.h"

namespace {

class Headers final : public dd::propagation::Carrier {
 public:
  std::optional<std::string_view> get(std::string_view name) const override {
    if (name == "traceparent") return traceparent;
    if (name == "tracestate") return tracestate;
    return std::nullopt;
  }
  void set(std::string_view name, std::string_view value) override {
    if (name == "traceparent") traceparent = value;
    if (name == "tracestate") tracestate = value;
  }
  std::string traceparent, tracestate;
};

Headers passed_on(const Headers& headers, std::uint64_t span_id) {
  using dd::propagation::Style;
  dd::propagation::Options options;
  options.extract = options.inject = {Style::kTraceContext};
  auto found = dd::propagation::extract(headers, options);
  if (!found.found()) return {};
  found.segment->priority = found.segment->priority.value_or(1);
  Headers out;
  dd::propagation::inject(*found.segment, span_id, false, out, options);
  FUZZ_CHECK(out.traceparent.size() == 55);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Headers headers;
  headers.traceparent = data[0] & 1 ? "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                                    : "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
  headers.tracestate = dd::fuzz::text_of(data + 1, size - 1);
  headers = passed_on(headers, 7);
  const std::string once = headers.tracestate;
  FUZZ_CHECK(!once.empty());  // a traceparent is enough
  FUZZ_CHECK(once.starts_with("dd="));
  FUZZ_CHECK(once.find_first_of(std::string_view("\r\n\0", 3)) == once.npos);
  FUZZ_CHECK(std::count(once.begin(), once.end(), ',') < 32);
  // What we wrote, we understand: it goes on as it is, unless members are left out for its size. A
  // blank item at the end of ot= is gone the first time, the semicolon before it the second; so is
  // a blank origin, and then its name.
  headers = passed_on(headers, 7);
  const std::string twice = headers.tracestate;
  const bool ends_blank = once.find(";,") != once.npos || once.ends_with(';') ||
                          once.find("ot=,") != once.npos || once.ends_with("ot=") ||
                          once.find("o:,") != once.npos || once.ends_with("o:");
  if (once.size() <= 512) FUZZ_CHECK(twice == once || (ends_blank && twice.size() < once.size()));
  if (ends_blank && twice.size() <= 512) FUZZ_CHECK(passed_on(headers, 7).tracestate == twice);
  return 0;
}
