#include "core/propagation/styles.h"
#include "core/propagation/text.h"

namespace dd::propagation {
namespace {

std::optional<trace::TraceId> read_trace_id(std::string_view text) {
  if (text.empty() || text.size() > 32) return std::nullopt;
  const std::size_t low = text.size() > 16 ? text.size() - 16 : 0;
  const auto l = read_hex(text.substr(low), false);
  const auto h = low ? read_hex(text.substr(0, low), false) : std::optional<std::uint64_t>(0);
  if (!l || !h) return std::nullopt;
  return trace::TraceId{.high = *h, .low = *l};
}

}  // namespace

std::optional<ExtractedContext> extract_b3(const Carrier& carrier, bool single) {
  std::string_view id, span, sampled, flags;
  bool has_id = true, has_span = true;
  std::string line, id_copy, span_copy, sampled_copy;  // get() is valid until the next one
  if (single) {
    const auto text = carrier.get("b3");
    if (!text) return std::nullopt;
    line = strip(*text);
    if (line.empty()) return std::nullopt;
    std::string_view rest(line), parts[4];
    int count = 0;
    while (count < 4 && next_piece(rest, '-', parts[count])) ++count;
    if (count == 1) {
      sampled = parts[0];
      has_id = has_span = false;
    } else {
      id = parts[0];
      span = parts[1];
      if (count > 2) sampled = parts[2];
    }
  } else {
    const auto text = carrier.get("x-b3-traceid");
    if (!text) return std::nullopt;
    id_copy = strip(*text);
    const auto span_text = carrier.get("x-b3-spanid");
    has_span = span_text.has_value();
    span_copy = strip(span_text.value_or(""));
    sampled_copy = strip(carrier.get("x-b3-sampled").value_or(""));
    flags = strip(carrier.get("x-b3-flags").value_or(""));
    id = id_copy;
    span = span_copy;
    sampled = sampled_copy;
  }
  trace::TraceId trace_id;
  ExtractedContext context;
  if (has_id) {
    const auto read = read_trace_id(id);
    if (!read) return std::nullopt;
    trace_id = *read;
  }
  if (has_span) {
    const auto read = read_hex(span, false);
    if (!read) return std::nullopt;
    context.span_id = *read;
  }
  context.segment = trace::Segment::make(trace_id);
  if (flags == "1" || (single && sampled == "d"))
    context.segment->priority = 2;
  else if (sampled == "1" || sampled == "0")
    context.segment->priority = sampled == "1" ? 1 : 0;
  return context;
}

void inject_b3(const trace::Segment& segment, std::uint64_t span_id, Carrier& carrier,
               bool single) {
  std::string id, span;
  if (segment.trace_id.high) append_hex(id, segment.trace_id.high);
  append_hex(id, segment.trace_id.low);
  append_hex(span, span_id);
  const auto& priority = segment.priority;
  if (single) {
    id += "-" + span;
    if (priority) id += *priority <= 0 ? "-0" : *priority == 1 ? "-1" : "-d";
    carrier.set("b3", id);
    return;
  }
  carrier.set("x-b3-traceid", id);
  carrier.set("x-b3-spanid", span);
  if (!priority) return;
  if (*priority > 1)
    carrier.set("x-b3-flags", "1");
  else
    carrier.set("x-b3-sampled", *priority == 1 ? "1" : "0");
}

}  // namespace dd::propagation
