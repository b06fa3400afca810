#include "core/trace/otel_state.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "core/base/hex.h"

namespace dd::trace::otel {
namespace {

constexpr std::size_t kMaxValue = 256;
constexpr std::size_t kDigits = 14;  // of a 56-bit number
constexpr std::uint64_t kMost = (1ull << 56) - 1;

struct State {
  std::string random, threshold;  // rv, th; empty: not told
  std::vector<std::string_view> others;
};

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

State read(std::string_view value) {
  State state;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(';'), value.size());
    const std::string_view field = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    if (field.empty()) continue;
    const std::string_view text = field.substr(std::min<std::size_t>(3, field.size()));
    if (field.starts_with("rv:")) {
      state.random.assign(text.size() == kDigits && is_hex(text) ? text : "");
    } else if (field.starts_with("th:")) {
      state.threshold.assign(text.size() <= kDigits && is_hex(text) ? text : "");
    } else {
      state.others.push_back(field);
    }
  }
  return state;
}

std::string write(const State& state) {
  std::string out;
  const auto field = [&](std::string_view name, std::string_view text) {
    const std::size_t size = name.size() + text.size() + (out.empty() ? 0 : 1);
    if (text.empty() || out.size() + size > kMaxValue) return;
    if (!out.empty()) out += ';';
    out.append(name).append(text);
  };
  field("rv:", state.random);
  field("th:", state.threshold);
  for (const std::string_view other : state.others) field("", other);
  return out;
}

std::string hex(std::uint64_t value) {
  char digits[16];
  base::hex16(value, digits);
  return std::string(digits + sizeof digits - kDigits, kDigits);
}

// Randomness and threshold that agree with what was decided.
struct Numbers {
  std::uint64_t random, threshold;
};

Numbers compute(const Segment& segment) {
  const double share = std::floor((1.0 - segment.otel_rate) * 0x1p56 + 0.5);
  const std::uint64_t threshold = std::min(kMost, static_cast<std::uint64_t>(share));
  std::uint64_t random = ~(segment.trace_id.low * 1111111111111111111ull) >> 8;
  if (segment.otel_keep && random < threshold) random = threshold;
  if (!segment.otel_keep && random >= threshold) random = threshold ? threshold - 1 : 0;
  return {random, threshold};
}

std::size_t threshold_digits(const char* digits) {
  std::size_t size = kDigits;
  while (size > 1 && digits[size - 1] == '0') --size;
  return size;
}

void compute(const Segment& segment, State& state) {
  const Numbers numbers = compute(segment);
  state.random = hex(numbers.random);
  state.threshold = hex(numbers.threshold);
  state.threshold.resize(threshold_digits(state.threshold.data()));
}

}  // namespace

std::string tidy(std::string_view value) { return write(read(value)); }

bool is_tidy(std::string_view value) {
  constexpr std::size_t kRandom = 3 + kDigits;  // "rv:..", and then nothing, or ";th:.."
  if (value.size() < kRandom || !value.starts_with("rv:") || !is_hex(value.substr(3, kDigits)))
    return false;
  value.remove_prefix(kRandom);
  return value.empty() || (value.starts_with(";th:") && value.size() > 4 &&
                           value.size() <= 4 + kDigits && is_hex(value.substr(4)));
}

void note_rate(Segment& segment, double rate, bool keep) {
  if (segment.told()) (void)segment.meta();  // what was told stands
  segment.otel = OtelNote::kRate;
  segment.otel_rate = rate;
  segment.otel_keep = keep;
}

void note_no_rate(Segment& segment) {
  if (segment.told()) (void)segment.meta();
  segment.otel = OtelNote::kNoRate;
}

std::size_t write_member(const Segment& segment, char (&out)[kMostMember]) {
  const Numbers numbers = compute(segment);
  char digits[16];
  std::memcpy(out, "ot=rv:", 6);
  base::hex16(numbers.random, digits);
  std::memcpy(out + 6, digits + 2, kDigits);
  std::memcpy(out + 6 + kDigits, ";th:", 4);
  base::hex16(numbers.threshold, digits);
  const std::size_t size = threshold_digits(digits + 2);
  std::memcpy(out + 10 + kDigits, digits + 2, kDigits);
  return 10 + kDigits + size;
}

void settle(Segment& segment) {
  const OtelNote note = std::exchange(segment.otel, OtelNote::kNothing);
  if (note == OtelNote::kNothing) return;
  const std::string* stored = find_entry(segment.meta(), "tracestate");
  if (!stored && note == OtelNote::kRate) {  // a trace that begins here
    char member[kMostMember];
    const std::size_t size = write_member(segment, member);
    return set_entry(segment.meta(), "tracestate", {member, size});
  }
  const std::string known = stored ? *stored : std::string();
  std::string_view before, value, after(known);
  const std::size_t at = known.starts_with("ot=") ? 0 : known.find(",ot=");
  if (at != known.npos) {
    before = after.substr(0, at);
    after.remove_prefix(at + (at ? 4 : 3));
    const std::size_t end = std::min(after.find(','), after.size());
    value = after.substr(0, end);
    after.remove_prefix(std::min(end + 1, after.size()));
  } else if (known.starts_with("dd=")) {
    const std::size_t end = std::min(known.find(','), known.size());
    before = after.substr(0, end);
    after.remove_prefix(std::min(end + 1, after.size()));
  }
  State state = value.empty() ? State() : read(value);
  if (note != OtelNote::kNoRate && state.random.empty() && state.threshold.empty())
    compute(segment, state);
  if (note != OtelNote::kRate) state.threshold.clear();
  const std::string made = write(state);
  std::string joined(before);
  const auto join = [&](std::string_view name, std::string_view text) {
    if (text.empty()) return;
    if (!joined.empty()) joined += ',';
    joined.append(name).append(text);
  };
  join("ot=", made);
  join("", after);
  if (joined.empty())
    remove_entry(segment.meta(), "tracestate");
  else
    set_entry(segment.meta(), "tracestate", joined);
}

}  // namespace dd::trace::otel
