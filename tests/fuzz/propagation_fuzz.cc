// A set of headers, one "name: value" a line; the first byte chooses how they are read.

#include <map>
#include <string>

#include "core/propagation/propagation.h"
#include "tests/fuzz/fuzz.h"

namespace {

class Headers final : public dd::propagation::Carrier {
 public:
  std::optional<std::string_view> get(std::string_view name) const override {
    const auto at = lines.find(name);
    if (at == lines.end()) return std::nullopt;
    return at->second;
  }
  void set(std::string_view name, std::string_view value) override {
    lines.insert_or_assign(std::string(name), value);
  }
  dd::trace::Entries all(std::string_view start) const override {
    dd::trace::Entries out;
    for (const auto& [name, value] : lines)
      if (name.starts_with(start)) dd::trace::set_entry(out, name.substr(start.size()), value);
    return out;
  }
  std::map<std::string, std::string, std::less<>> lines;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using dd::propagation::Style;
  if (size == 0) return 0;
  const unsigned choice = data[0];
  std::string_view rest = dd::fuzz::text_of(data + 1, size - 1);
  Headers headers;
  while (!rest.empty()) {
    const std::string_view line = dd::fuzz::next_line(rest);
    const std::size_t colon = line.find(": ");
    if (colon != line.npos) headers.set(line.substr(0, colon), line.substr(colon + 2));
  }
  dd::propagation::Options options;
  options.extract = {Style::kDatadog, Style::kTraceContext, Style::kB3Multi, Style::kB3,
                     Style::kBaggage};
  for (unsigned i = 0; i < (choice & 3); ++i)
    std::swap(options.extract[i], options.extract[(i + 2) % options.extract.size()]);
  options.inject = options.extract;
  options.extract_first = choice & 4;
  options.behavior = choice & 8    ? dd::propagation::Behavior::kRestart
                     : choice & 16 ? dd::propagation::Behavior::kIgnore
                                   : dd::propagation::Behavior::kContinue;
  options.baggage_tag_keys = {"*"};
  options.legacy_baggage = choice & 32;
  (void)dd::propagation::parse_styles(rest);
  auto found = dd::propagation::extract(headers, options);
  if (!found.found()) return 0;
  // What goes out is valid whatever came in: no header can break its line, and it is read again.
  Headers out;
  found.segment->priority = found.segment->priority.value_or(1);
  dd::propagation::inject(*found.segment, found.span_id ? found.span_id : 7, true, out, options);
  for (const auto& [name, value] : out.lines)
    FUZZ_CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos);
  if (const auto id = out.lines.find("traceparent"); id != out.lines.end())
    FUZZ_CHECK(id->second.size() == 55);
  if (out.lines.contains("x-datadog-trace-id")) {
    options.behavior = dd::propagation::Behavior::kContinue;
    FUZZ_CHECK(dd::propagation::extract(out, options).found());
  }
  return 0;
}
