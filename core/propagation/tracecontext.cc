#include <algorithm>
#include <array>
#include <vector>

#include "core/propagation/styles.h"
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
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-')
    return std::nullopt;
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
  const std::string otel =
      raw_otel.empty() ? std::string() : trace::otel::tidy(raw_otel.substr(3));
  const std::size_t room = kMaxMembers - !datadog.empty() - !raw_otel.empty();
  for (auto at = others.begin(); at != others.end() && others.size() > room;)
    at = at->size() > kLongMember ? others.erase(at) : at + 1;
  if (others.size() > room) others.resize(room);
  std::string kept(datadog);
  if (!otel.empty()) kept.append(kept.empty() ? "" : ",").append("ot=").append(otel);
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
  std::string_view item;
  while (next_piece(value, ';', item)) {
    const std::size_t colon = item.find(':');
    if (colon == item.npos) return std::nullopt;
    const std::string_view key = item.substr(0, colon), text = item.substr(colon + 1);
    if (key == "s") {
      read.priority = read_priority(strip(text));
      if (!read.priority) return std::nullopt;
    } else if (key == "o") {
      read.origin = untilde(text);
    } else if (key == "p") {
      read.parent_id.assign(text);
    } else if (key.starts_with("t.")) {
      trace::move_entry(read.tags, "_dd.p." + std::string(key.substr(2)), untilde(text));
    }
  }
  return read;
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
  if (value) text = strip(text);
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
  const auto state = carrier.get("tracestate");
  if (state) {
    std::string joined = keep_members(*state);
    if (!std::all_of(joined.begin(), joined.end(), printable)) joined.clear();
    if (joined.starts_with("dd="))
      if (auto read = read_datadog(std::string_view(joined).substr(3, joined.find(',') - 3)))
        datadog = std::move(*read);
    if (!joined.empty()) trace::move_entry(segment.meta(), "tracestate", std::move(joined));
  }
  for (auto& [key, value] : datadog.tags)
    trace::move_entry(segment.meta(), key, std::move(value));
  if (!datadog.parent_id.empty())
    trace::set_entry(segment.meta(), "_dd.parent_id", datadog.parent_id);
  segment.origin = datadog.origin;
  segment.priority = resolve_priority(parent->sampled, datadog.priority, datadog.origin);
  return context;
}

std::string traceparent(Segment& segment, std::uint64_t span_id) {
  const std::string* inbound = trace::find_entry(segment.meta(), "traceparent");
  if (!segment.trace_id || span_id == 0) return inbound ? *inbound : std::string();
  std::string out;
  out.reserve(55);
  out = "00-";
  if (inbound && inbound->size() >= 35) {
    out += std::string_view(*inbound).substr(3, 32);
  } else {
    append_hex(out, segment.trace_id.high);
    append_hex(out, segment.trace_id.low);
  }
  out += '-';
  append_hex(out, span_id);
  // Bit 1 says that the trace id is random; who began the trace knows.
  const auto flags =
      inbound && inbound->size() >= 55 ? read_hex(std::string_view(*inbound).substr(53, 2), true)
                                       : std::nullopt;
  out += "-0";
  out += static_cast<char>('0' + (flags.value_or(0) & 2) +
                           (segment.priority && *segment.priority > 0));
  return out;
}

std::string tracestate(Segment& segment, std::uint64_t span_id, bool remote) {
  trace::otel::settle(segment);
  std::string value;
  value.reserve(128);
  const auto item = [&](std::string_view key) -> std::string& {
    if (!value.empty()) value += ';';
    return value.append(key).append(":");
  };
  if (segment.priority) item("s").append(Decimal(*segment.priority));
  if (!segment.origin.empty()) append_safe(item("o"), segment.origin, ",;~", true);
  for (const std::string_view name : {"_dd.p.dm", "_dd.p.usr.id"})
    if (const std::string* text = trace::find_entry(segment.meta(), name))
      append_safe(item("t." + std::string(name.substr(6))), *text, ",;~", true);
  for (const auto& [name, text] : segment.meta()) {
    if (!name.starts_with("_dd.p.") || name == "_dd.p.dm" || name == "_dd.p.usr.id") continue;
    std::string piece = "t.";
    append_safe(piece, std::string_view(name).substr(6), ", =", false);
    piece += ':';
    append_safe(piece, text, ",;~", true);
    if (value.size() + (value.empty() ? 0 : 1) + piece.size() + kReserved > kMaxDatadogValue)
      continue;
    if (!value.empty()) value += ';';
    value += piece;
  }
  std::string parent;
  if (!remote && span_id) {
    append_hex(parent, span_id);
  } else if (const std::string* known = trace::find_entry(segment.meta(), "_dd.parent_id")) {
    parent = *known;
  }
  const std::string* const stored = trace::find_entry(segment.meta(), "tracestate");
  if (value.empty() && stored && stored->starts_with("dd="))  // passed on as it came
    value = stored->substr(3, stored->find(',') - 3);
  std::string out;
  if (!value.empty() || !parent.empty()) {
    out.reserve(32 + value.size() + (stored ? stored->size() : 0));
    out = "dd=";
    if (!parent.empty()) out.append("p:").append(parent).append(value.empty() ? "" : ";");
    out += value;
  }
  if (stored) {
    std::string_view rest(*stored), member;
    std::size_t members = out.empty() ? 0 : 1;
    while (members < kMaxMembers && next_piece(rest, ',', member)) {
      member = strip(member);
      if (member.empty() || is_member(member, "dd")) continue;
      if (!out.empty()) out += ',';
      out += member;
      ++members;
    }
  }
  return out;
}

}  // namespace dd::propagation
