#include <algorithm>
#include <array>

#include "core/propagation/styles.h"
#include "core/propagation/text.h"

namespace dd::propagation {
namespace {

using trace::Segment;

constexpr std::size_t kMaxTagsIn = 512;

// Bit 0: allowed in a key; bit 1: in a value.
constexpr auto kAllowed = [] {
  std::array<std::uint8_t, 256> table{};
  for (int c = 0x20; c <= 0x7E; ++c)
    table[static_cast<std::size_t>(c)] =
        static_cast<std::uint8_t>((c != ' ' && c != ',' && c != '=' ? 1 : 0) | (c != ',' ? 2 : 0));
  return table;
}();

bool all_allowed(std::string_view text, unsigned bit) {
  unsigned seen = bit;
  for (const char c : text) seen &= kAllowed[static_cast<unsigned char>(c)];
  return !text.empty() && seen;
}
bool valid_key(std::string_view key) { return all_allowed(key, 1); }
bool valid_value(std::string_view value) { return all_allowed(value, 2); }

// "-0" .. "-255", without leading zeros.
bool valid_decision_maker(std::string_view text) {
  if (text.size() < 2 || text.size() > 4 || text[0] != '-') return false;
  if (text[1] == '0' && text.size() > 2) return false;
  const auto value = read_decimal(text.substr(1));
  return value && *value <= 255;
}

void read_tags(Segment& segment, std::string_view header) {
  if (header.size() > kMaxTagsIn) {
    trace::set_entry(segment.meta(), "_dd.propagation_error", "extract_max_size");
    return;
  }
  std::string_view piece;
  if (header.ends_with(',')) header.remove_suffix(1);
  for (std::string_view rest = header; next_piece(rest, ',', piece);) {
    const std::size_t equals = piece.find('=');
    if (equals == piece.npos || !valid_key(piece.substr(0, equals)) ||
        !valid_value(strip_spaces(piece.substr(equals + 1)))) {
      trace::set_entry(segment.meta(), "_dd.propagation_error", "decoding_error");
      return;
    }
  }
  trace::Entries& entries = segment.meta();
  while (next_piece(header, ',', piece)) {
    const std::size_t equals = piece.find('=');
    const std::string_view key = piece.substr(0, equals);
    if (key.starts_with("_dd.p.") && key != "_dd.p.upstream_services")
      trace::set_entry(entries, key, strip_spaces(piece.substr(equals + 1)));
  }
}

}  // namespace

std::optional<ExtractedContext> extract_datadog(const Carrier& carrier, const Options& options) {
  const auto id_text = carrier.get("x-datadog-trace-id");
  if (!id_text) return std::nullopt;
  const auto id = read_python_int(*id_text);
  if (!id || id->negative || id->large || id->size == 0) return std::nullopt;
  ExtractedContext context;
  if (const auto parent = carrier.get("x-datadog-parent-id")) {
    const auto span_id = read_python_int(*parent);
    if (!span_id) return std::nullopt;
    if (!span_id->negative && !span_id->large) context.span_id = span_id->size;
  }
  std::optional<int> priority;
  if (const auto text = carrier.get("x-datadog-sampling-priority")) {
    priority = read_priority(strip(*text));
    if (!priority) return std::nullopt;
  }
  context.segment = Segment::make({.high = 0, .low = id->size});
  Segment& segment = *context.segment;
  segment.priority = priority;
  if (const auto origin = carrier.get("x-datadog-origin"))
    if (std::all_of(origin->begin(), origin->end(), printable)) {
      segment.origin.assign(*origin);
      if (origin->empty()) trace::set_entry(segment.meta(), "_dd.origin", "");
    }
  if (const auto tags = carrier.get("x-datadog-tags"); tags && !tags->empty())
    read_tags(segment, *tags);
  if (const std::string* high = trace::find_entry(segment.meta(), "_dd.p.tid")) {
    const auto value = high->size() == 16 ? read_hex(*high, true) : std::nullopt;
    if (value && *value != 0) {
      if (options.wide_trace_ids) segment.trace_id.high = *value;
    } else {
      trace::set_entry(segment.meta(), "_dd.propagation_error", "malformed_tid " + *high);
      trace::remove_entry(segment.meta(), "_dd.p.tid");
    }
  }
  const std::string* maker = trace::find_entry(segment.meta(), "_dd.p.dm");
  if (maker && !valid_decision_maker(*maker)) {
    trace::remove_entry(segment.meta(), "_dd.p.dm");
    trace::set_entry(segment.meta(), "_dd.propagation_error", "decoding_error");
  }
  if (options.apm_off) {
    segment.priority.reset();
    if (trace::find_entry(segment.meta(), "_dd.p.ts")) segment.priority = 2;
  }
  return context;
}

// Under segment.mutex.
void inject_datadog(Segment& segment, std::uint64_t span_id, Carrier& carrier,
                    const Options& options) {
  if (options.apm_off && !trace::find_entry(segment.meta(), "_dd.p.ts")) return;
  if (segment.trace_id.high) {
    char digits[16];
    base::hex16(segment.trace_id.high, digits);
    const std::string_view high(digits, sizeof digits);
    const std::string* const known = trace::find_entry(segment.meta(), "_dd.p.tid");
    if (!known || *known != high) trace::set_entry(segment.meta(), "_dd.p.tid", high);
  }
  carrier.set("x-datadog-trace-id", Decimal(segment.trace_id.low));
  carrier.set("x-datadog-parent-id", Decimal(span_id));
  if (segment.priority) carrier.set("x-datadog-sampling-priority", Decimal(*segment.priority));
  if (!segment.origin.empty() || trace::find_entry(segment.meta(), "_dd.origin"))
    carrier.set("x-datadog-origin", segment.origin);
  if (trace::find_entry(segment.meta(), "_dd.propagation_error")) return;
  std::string tags;
  tags.reserve(96);
  const auto give_up = [&](std::string_view why) {
    trace::set_entry(segment.meta(), "_dd.propagation_error", why);
  };
  for (const auto& [key, value] : segment.meta()) {
    if (!key.starts_with("_dd.p.")) continue;
    const std::string_view k = strip_spaces(key), v = strip_spaces(value);
    if (!valid_key(k) || !valid_value(v)) return give_up("encoding_error");
    if (!tags.empty()) tags += ',';
    tags.append(k).push_back('=');
    tags.append(v);
  }
  if (tags.empty()) return;
  if (options.datadog_tags_max_length == 0) return give_up("disabled");
  if (tags.size() > options.datadog_tags_max_length) return give_up("inject_max_size");
  carrier.set("x-datadog-tags", tags);
}

}  // namespace dd::propagation
