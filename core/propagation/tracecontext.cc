#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "core/propagation/styles.h"
#include "core/propagation/tally.h"
#include "core/propagation/text.h"
#include "core/trace/otel_state.h"

namespace dd::propagation {
namespace {

using trace::Segment;

constexpr std::size_t kMaxMembers = 32, kMaxBytes = 512, kLongMember = 128;
constexpr std::size_t kMaxDatadogValue = 256, kReserved = 22;  // "dd=" and "p:<16 hex>;"

struct Parent {
  trace::TraceId trace_id;
  std::uint64_t span_id = 0;
  bool sampled = false;
};

std::optional<Parent> read_traceparent(std::string_view text) {
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const auto version = read_hex(text.substr(0, 2), true);
  const auto high = read_hex(text.substr(3, 16), true), low = read_hex(text.substr(19, 16), true);
  const auto span = read_hex(text.substr(36, 16), true);
  const auto flags = read_hex(text.substr(53, 2), true);
  if (!version || !high || !low || !span || !flags || *version == 0xff) return std::nullopt;
  if (text.size() > 55 && (*version == 0 || text[55] != '-' || text.size() == 56))
    return std::nullopt;
  if ((*high | *low) == 0 || *span == 0) return std::nullopt;
  return Parent{{.high = *high, .low = *low}, *span, (*flags & 1) != 0};
}

bool is_member(std::string_view member, std::string_view vendor) {
  return member.size() > vendor.size() && member.starts_with(vendor) &&
         member[vendor.size()] == '=';
}

// The members that are kept, joined: the last dd= first, then what is valid of the last ot=, then
// the others in order, within the limits of count and size.
std::string keep_members(std::string_view header) {
  std::vector<std::string_view> others;
  std::string_view piece, datadog, raw_otel;
  while (next_piece(header, ',', piece)) {
    piece = strip(piece);
    if (is_member(piece, "dd"))
      datadog = piece;
    else if (is_member(piece, "ot"))
      raw_otel = piece;
    else if (!piece.empty())
      others.push_back(piece);
  }
  const std::string otel = raw_otel.empty() ? std::string() : trace::otel::tidy(raw_otel.substr(3));
  const std::size_t room = kMaxMembers - !datadog.empty() - !raw_otel.empty();
  for (auto at = others.begin(); at != others.end() && others.size() > room;)
    at = at->size() > kLongMember ? others.erase(at) : at + 1;
  if (others.size() > room) others.resize(room);
  std::string kept(datadog);
  if (!otel.empty()) kept.append(kept.empty() ? "" : ",").append(strip_spaces("ot=" + otel));
  // Sizes count as they came in.
  std::size_t bytes = datadog.size() + raw_otel.size() + (!datadog.empty() && !raw_otel.empty());
  for (const std::string_view member : others) {
    const std::size_t with = bytes + member.size() + (bytes != 0);
    if (with > kMaxBytes) {
      if (member.size() > kLongMember) continue;
      break;
    }
    bytes = with;
    if (!kept.empty()) kept += ',';
    kept += member;
  }
  return kept;
}

// Whether keep_members() leaves the header as it is, as it does with most.
bool is_kept_whole(std::string_view header) {
  if (header.empty() || header.size() > kMaxBytes) return false;
  bool plain = true;
  std::size_t commas = 0;
  for (const char c : header) {
    plain &= c > 0x20 && c <= 0x7E;
    commas += c == ',';
  }
  if (!plain || commas >= kMaxMembers) return false;
  std::string_view member;
  bool may_be_otel = true;  // ours first, then OpenTelemetry's
  for (bool first = true; next_piece(header, ',', member); first = false) {
    if (member.empty()) return false;
    if (is_member(member, "dd")) {
      if (!first) return false;
    } else {
      if (is_member(member, "ot") && !(may_be_otel && trace::otel::is_tidy(member.substr(3))))
        return false;
      may_be_otel = false;
    }
  }
  return true;
}

// What is kept of the header; empty when there is none, or it cannot be read.
std::string read_state(const Carrier& carrier) {
  const auto header = carrier.get("tracestate");
  if (!header) return {};
  if (is_kept_whole(*header)) return std::string(*header);
  std::string joined = keep_members(*header);
  if (!std::all_of(joined.begin(), joined.end(), printable)) joined.clear();
  return joined;
}

struct DatadogMember {
  std::optional<int> priority;
  std::string origin;
  std::string parent_id;
  trace::Entries tags;
};

std::string untilde(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), '~', '=');
  return out;
}

std::optional<DatadogMember> read_datadog(std::string_view value) {
  DatadogMember read;
  std::optional<std::string_view> priority;  // the last one counts
  std::string_view item;
  while (next_piece(value, ';', item)) {
    const std::size_t colon = item.find(':');
    if (colon == item.npos) return std::nullopt;
    const std::string_view key = item.substr(0, colon), text = item.substr(colon + 1);
    if (key == "s") {
      priority = text;
    } else if (key == "o") {
      read.origin = untilde(text);
    } else if (key == "p") {
      read.parent_id.assign(text);
    } else if (key.starts_with("t.")) {
      trace::move_entry(read.tags, "_dd.p." + std::string(key.substr(2)), untilde(text));
    }
  }
  if (priority && !(read.priority = read_priority(strip(*priority)))) return std::nullopt;
  return read;
}

std::optional<DatadogMember> read_datadog_of(std::string_view state) {
  if (!state.starts_with("dd=")) return std::nullopt;
  return read_datadog(state.substr(3, state.find(',') - 3));
}

// What the first dd= of a text that may not have come in by our hands says; or nothing.
std::string_view datadog_value(std::string_view state) {
  std::string_view member;
  while (next_piece(state, ',', member))
    if (member = strip(member); is_member(member, "dd")) return member.substr(3);
  return {};
}

std::optional<int> resolve_priority(bool sampled, std::optional<int> s, std::string_view origin) {
  if (origin == "rum" && (!s || *s == 0)) return s;
  if (!sampled) return s && *s < 0 ? *s : 0;
  return s && *s > 0 ? *s : 1;
}

// What every part of a member may hold as it is.
constexpr auto kPlain = [] {
  std::array<bool, 256> table{};
  for (int c = 0x21; c <= 0x7E; ++c)
    table[static_cast<std::size_t>(c)] = c != ',' && c != ';' && c != '~' && c != '=';
  return table;
}();

void append_safe(std::string& out, std::string_view text, std::string_view bad, bool value) {
  bool in_run = false;
  bool plain = true;
  for (const char c : text) plain &= kPlain[static_cast<unsigned char>(c)];
  if (plain) {
    out.append(text);
    return;
  }
  for (const char c : text) {
    if (!printable(c)) {
      if (!in_run) out += '_';
      in_run = true;
      continue;
    }
    in_run = false;
    if (bad.find(c) != bad.npos)
      out += '_';
    else
      out += value && c == '=' ? '~' : c;
  }
}

}  // namespace

std::optional<ExtractedContext> extract_tracecontext(const Carrier& carrier) {
  const auto header = carrier.get("traceparent");
  if (!header) return std::nullopt;
  const std::string_view text = strip(*header);
  const auto parent = read_traceparent(text);
  if (!parent) return std::nullopt;
  ExtractedContext context;
  context.span_id = parent->span_id;
  context.segment = Segment::make(parent->trace_id);
  Segment& segment = *context.segment;
  trace::set_entry(segment.meta(), "traceparent", text);
  DatadogMember datadog;
  std::string state = read_state(carrier);
  if (auto read = read_datadog_of(state)) datadog = std::move(*read);
  if (!state.empty()) trace::move_entry(segment.meta(), "tracestate", std::move(state));
  for (auto& [key, value] : datadog.tags) trace::move_entry(segment.meta(), key, std::move(value));
  if (!datadog.parent_id.empty())
    trace::set_entry(segment.meta(), "_dd.parent_id", datadog.parent_id);
  segment.origin = datadog.origin;
  segment.priority = resolve_priority(parent->sampled, datadog.priority, datadog.origin);
  return context;
}

bool join_tracecontext(ExtractedContext& primary, std::uint64_t datadog_span,
                       const Carrier& carrier) {
  const auto header = carrier.get("traceparent");
  if (!header) return true;
  const std::string_view text = strip(*header);
  const auto parent = read_traceparent(text);
  if (!parent) return true;
  Segment& segment = *primary.segment;
  if (!(parent->trace_id == segment.trace_id)) return false;
  count_extracted(Style::kTraceContext);
  trace::set_entry(segment.meta(), "traceparent", text);
  std::string state = read_state(carrier);
  if (parent->span_id != primary.span_id) {
    const auto datadog = read_datadog_of(state);
    if (datadog && !datadog->parent_id.empty()) {
      trace::set_entry(segment.meta(), "_dd.parent_id", datadog->parent_id);
    } else if (datadog_span) {
      std::string hex;
      append_hex(hex, datadog_span);
      trace::set_entry(segment.meta(), "_dd.parent_id", hex);
    }
    primary.span_id = parent->span_id;
  }
  if (!state.empty()) trace::move_entry(segment.meta(), "tracestate", std::move(state));
  return true;
}

void write_traceparent(Segment& segment, std::uint64_t span_id, char (&out)[kTraceParentBytes]) {
  const std::string* inbound = trace::find_entry(segment.meta(), "traceparent");
  std::memcpy(out, "00-", 3);
  if (inbound && inbound->size() >= 35) {
    std::memcpy(out + 3, inbound->data() + 3, 32);
  } else {
    base::hex16(segment.trace_id.high, out + 3);
    base::hex16(segment.trace_id.low, out + 19);
  }
  out[35] = '-';
  base::hex16(span_id, out + 36);
  // Bit 1 says that the trace id is random; who began the trace knows.
  const auto flags = inbound && inbound->size() >= 55
                         ? read_hex(std::string_view(*inbound).substr(53, 2), true)
                         : std::nullopt;
  out[52] = '-';
  out[53] = '0';
  out[54] = static_cast<char>('0' + (flags.value_or(0) & 2) +
                              (segment.priority && *segment.priority > 0));
}

std::string traceparent(Segment& segment, std::uint64_t span_id) {
  if (!segment.trace_id || span_id == 0) {
    const std::string* inbound = trace::find_entry(segment.meta(), "traceparent");
    return inbound ? *inbound : std::string();
  }
  char out[kTraceParentBytes];
  write_traceparent(segment, span_id, out);
  return std::string(out, sizeof out);
}

std::string tracestate(Segment& segment, LastParent parent, std::uint64_t span_id) {
  trace::otel::settle(segment);
  const trace::Entries& entries = segment.meta();
  const std::string* const stored = trace::find_entry(entries, "tracestate");
  std::string out;
  out.reserve(kMaxDatadogValue + 8 + (stored ? stored->size() : 0));
  out = "dd=";
  if (parent == LastParent::kSpan) {
    append_hex(out.append("p:"), span_id);
  } else if (parent == LastParent::kStored) {
    if (const std::string* known = trace::find_entry(entries, "_dd.parent_id");
        known && !known->empty())
      out.append("p:").append(*known);
  }
  const bool has_parent = out.size() > 3;
  if (has_parent) out += ';';
  const std::size_t begin = out.size();
  const auto item = [&](std::string_view key) -> std::string& {
    if (out.size() != begin) out += ';';
    return out.append(key);
  };
  if (segment.priority) item("s:").append(Decimal(*segment.priority));
  if (!segment.origin.empty()) append_safe(item("o:"), segment.origin, ",;~", true);
  if (const std::string* text = trace::find_entry(entries, "_dd.p.dm"))
    append_safe(item("t.dm:"), *text, ",;~", true);
  if (const std::string* text = trace::find_entry(entries, "_dd.p.usr.id"); text && !text->empty())
    append_safe(item("t.usr.id:"), *text, ",;~", true);
  for (const auto& [name, text] : entries) {
    if (!name.starts_with("_dd.p.") || name == "_dd.p.dm" || name == "_dd.p.usr.id") continue;
    const std::size_t before = out.size();
    append_safe(item("t."), std::string_view(name).substr(6), ", =", false);
    append_safe(out.append(":"), text, ",;~", true);
    if (out.size() - begin + kReserved > kMaxDatadogValue) out.resize(before);
  }
  if (out.size() == begin && stored) out.append(datadog_value(*stored));  // passed on as it came
  if (out.size() == begin) out.resize(has_parent ? begin - 1 : 0);
  if (!stored) return out;
  while (out.ends_with(' ')) out.pop_back();  // as the reference, where others follow or followed
  std::string_view rest(*stored), member;
  std::size_t members = out.empty() ? 0 : 1;
  // The last parent comes on top of the size that is allowed.
  std::size_t bytes = out.size() - (has_parent ? std::min(begin, out.size()) - 3 : 0);
  while (members < kMaxMembers && next_piece(rest, ',', member)) {
    member = strip(member);
    if (member.empty() || is_member(member, "dd")) continue;
    const std::size_t with = bytes + member.size() + (bytes != 0);
    if (with > kMaxBytes) {
      if (member.size() > kLongMember) continue;
      break;
    }
    bytes = with;
    if (!out.empty()) out += ',';
    out += member;
    ++members;
  }
  return out;
}

}  // namespace dd::propagation
