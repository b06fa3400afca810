#include "core/trace/otel_state.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace dd::trace::otel {
namespace {

constexpr std::size_t kMaxValue = 256;
constexpr int kDigits = 14;  // of a 56-bit number
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
  std::string out;
  for (int shift = 4 * (kDigits - 1); shift >= 0; shift -= 4)
    out += "0123456789abcdef"[(value >> shift) & 15];
  return out;
}

// Randomness and threshold that agree with what was decided.
void compute(const Segment& segment, State& state) {
  const double share = std::floor((1.0 - segment.otel_rate) * 0x1p56 + 0.5);
  const std::uint64_t threshold = std::min(kMost, static_cast<std::uint64_t>(share));
  std::uint64_t random = ~(segment.trace_id.low * 1111111111111111111ull) >> 8;
  if (segment.otel_keep && random < threshold) random = threshold;
  if (!segment.otel_keep && random >= threshold) random = threshold ? threshold - 1 : 0;
  state.random = hex(random);
  state.threshold = hex(threshold);
  while (state.threshold.size() > 1 && state.threshold.back() == '0') state.threshold.pop_back();
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
  segment.otel = OtelNote::kRate;
  segment.otel_rate = rate;
  segment.otel_keep = keep;
}

void note_no_rate(Segment& segment) { segment.otel = OtelNote::kNoRate; }

void settle(Segment& segment) {
  const OtelNote note = std::exchange(segment.otel, OtelNote::kNothing);
  if (note == OtelNote::kNothing) return;
  const std::string* stored = find_entry(segment.meta(), "tracestate");
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
  State state = read(value);
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
