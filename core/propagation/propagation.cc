#include "core/propagation/propagation.h"

#include <algorithm>
#include <atomic>

#include "core/base/ascii.h"
#include "core/base/log.h"
#include "core/config/core_settings.h"
#include "core/propagation/styles.h"
#include "core/propagation/tally.h"
#include "core/propagation/text.h"
#include "core/trace/otel_state.h"

namespace dd::propagation {
namespace {

// What breaks its line would be a header of somebody else's.
bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

using trace::Segment;

constexpr std::string_view kNames[] = {"datadog", "tracecontext", "b3multi", "b3", "baggage"};
constexpr std::string_view kLegacyBaggage = "ot-baggage-";
constinit std::atomic<const Options*> current{nullptr};

std::optional<ExtractedContext> extract_style(Style style, const Carrier& carrier,
                                              const Options& options) {
  switch (style) {
    case Style::kDatadog:
      return extract_datadog(carrier, options);
    case Style::kTraceContext:
      return extract_tracecontext(carrier);
    case Style::kB3Multi:
      return extract_b3(carrier, false);
    case Style::kB3:
      return extract_b3(carrier, true);
    case Style::kBaggage:
      break;
  }
  return std::nullopt;
}

ExtractedLink link_to(const ExtractedContext& context, Style style, std::string_view reason) {
  const Segment& segment = *context.segment;
  const std::string* state =
      style == Style::kTraceContext ? trace::find_entry(segment.meta(), "tracestate") : nullptr;
  return {.trace_id = segment.trace_id,
          .span_id = context.span_id,
          .tracestate = state ? std::optional(*state) : std::nullopt,
          .flags = segment.priority && *segment.priority > 0 ? 1u : 0u,
          .reason = std::string(reason),
          .style = std::string(style_name(style))};
}

// What a later context adds to the primary one, besides join_tracecontext(). It has no further use.
void join(ExtractedContext& primary, ExtractedContext& later, Style style) {
  Segment& segment = *primary.segment;
  Segment& other = *later.segment;
  if (!other.trace_id || !later.span_id) return;
  if (!(other.trace_id == segment.trace_id)) {
    primary.links.push_back(link_to(later, style, "terminated_context"));
    auto& state = primary.links.back().tracestate;
    if (style == Style::kTraceContext && !state) state.emplace();
  }
}

void add_baggage(ExtractedContext& context, const Carrier& carrier, const Options& options) {
  const auto header = carrier.get("baggage");
  if (!header || header->empty()) return;
  auto items = parse_baggage(*header);
  if (!items) tally.malformed_baggage.add();
  if (!items || items->empty()) return;
  count_extracted(Style::kBaggage);
  if (!context.segment) context.segment = Segment::make({});
  Segment& segment = *context.segment;
  for (const auto& [key, value] : *items) {
    const auto& keys = options.baggage_tag_keys;
    const bool wanted = std::find(keys.begin(), keys.end(), key) != keys.end() ||
                        std::find(keys.begin(), keys.end(), "*") != keys.end();
    if (wanted && !trace::find_entry(segment.meta(), "baggage." + key))
      trace::set_entry(segment.meta(), "baggage." + key, value);
  }
  segment.baggage = std::move(*items);
}

// What is written after the lock: a carrier may be the application's own mapping.
class Lines final : public Carrier {
 public:
  std::optional<std::string_view> get(std::string_view) const override { return std::nullopt; }
  void set(std::string_view name, std::string_view value) override {
    const std::size_t size = name.size() + value.size();
    if (count_ == kMost || size > sizeof room_ - used_ || !more_.empty()) {
      more_.emplace_back(name, value);
      return;
    }
    name.copy(room_ + used_, name.size());
    value.copy(room_ + used_ + name.size(), value.size());
    used_ += size;
    sizes_[count_++] = {name.size(), value.size()};
  }
  void write_to(Carrier& carrier) const {
    const char* at = room_;
    for (int i = 0; i < count_; ++i) {
      const auto [name, value] = sizes_[i];
      carrier.set({at, name}, {at + name, value});
      at += name + value;
    }
    for (const auto& [name, value] : more_) carrier.set(name, value);
  }

 private:
  struct Sizes {
    std::size_t name, value;
  };
  static constexpr int kMost = 12;
  int count_ = 0;
  std::size_t used_ = 0;
  Sizes sizes_[kMost];
  char room_[1024];
  trace::Entries more_;
};

}  // namespace

std::string_view style_name(Style style) { return kNames[static_cast<int>(style)]; }

std::vector<Style> parse_styles(std::string_view text) {
  std::vector<Style> styles;
  for (const std::string& given : config::parse_list(text)) {
    const std::string name = base::lowered(given);
    const auto* at = std::find(std::begin(kNames), std::end(kNames), name);
    if (at != std::end(kNames)) {
      styles.push_back(static_cast<Style>(at - std::begin(kNames)));
    } else if (name != "none") {
      base::log(base::LogLevel::kWarning,
                "propagation: style \"" + name.substr(0, 40) + "\" is unknown and left out");
    }
  }
  return styles;
}

namespace {

bool is_usual(const Options& options) {
  const auto wants = [&](Style style) {
    return std::find(options.inject.begin(), options.inject.end(), style) != options.inject.end();
  };
  constexpr std::size_t kMostTags = 64;  // what write_new() writes of them is shorter
  return wants(Style::kDatadog) && wants(Style::kTraceContext) && !wants(Style::kB3) &&
         !wants(Style::kB3Multi) && !options.legacy_baggage && !options.apm_off &&
         options.datadog_tags_max_length >= kMostTags;
}

// What the headers of a trace say that began in this process.
struct NewTrace {
  trace::TraceId id;
  int priority;
  std::string_view maker;
  char otel[trace::otel::kMostMember];
  std::size_t otel_size = 0;
};

// False: there is more to say. The trace's entries are made when somebody looks.
bool read_new(Segment& segment, NewTrace& out) {
  const base::MutexLock lock(segment.mutex);
  if (!segment.written_meta().empty() || !segment.origin.empty() || !segment.baggage.empty() ||
      !segment.priority || !segment.trace_id.high || segment.unwritten_maker().empty())
    return false;
  out.id = segment.trace_id;
  out.priority = *segment.priority;
  out.maker = segment.unwritten_maker();
  if (segment.otel == trace::OtelNote::kRate)
    out.otel_size = trace::otel::write_member(segment, out.otel);
  segment.note_told();
  return true;
}

struct Line {
  Line& text(std::string_view more) {
    more.copy(room + size, more.size());
    size += more.size();
    return *this;
  }
  Line& hex(std::uint64_t number) {
    base::hex16(number, room + size);
    size += 16;
    return *this;
  }
  std::string_view view() const { return {room, size}; }
  char room[160];
  std::size_t size = 0;
};

// The six headers that most requests carry, as inject_datadog() and the others write them.
void write_new(const NewTrace& trace, std::uint64_t span_id, Carrier& carrier) {
  const Decimal priority(trace.priority);
  const std::string_view priority_text = priority;
  carrier.set("x-datadog-trace-id", Decimal(trace.id.low));
  carrier.set("x-datadog-parent-id", Decimal(span_id));
  carrier.set("x-datadog-sampling-priority", priority_text);
  Line tags;
  tags.text("_dd.p.dm=").text(trace.maker).text(",_dd.p.tid=").hex(trace.id.high);
  carrier.set("x-datadog-tags", tags.view());
  Line parent;
  parent.text("00-").hex(trace.id.high).hex(trace.id.low).text("-").hex(span_id);
  carrier.set("traceparent", parent.text(trace.priority > 0 ? "-01" : "-00").view());
  Line state;
  state.text("dd=p:").hex(span_id).text(";s:").text(priority_text).text(";t.dm:");
  state.text(trace.maker).text(";t.tid:").hex(trace.id.high);
  if (trace.otel_size != 0) state.text(",").text({trace.otel, trace.otel_size});
  carrier.set("tracestate", state.view());
  count_injected(Style::kDatadog);
  count_injected(Style::kTraceContext);
}

}  // namespace

Options options_from_settings() {
  Options made;
  made.extract = parse_styles(config::extract_styles.get());
  made.inject = parse_styles(config::inject_styles.get());
  const std::string behavior = base::lowered(config::trim(config::extract_behavior.get()));
  if (behavior == "restart") made.behavior = Behavior::kRestart;
  if (behavior == "ignore") made.behavior = Behavior::kIgnore;
  made.extract_first = config::extract_first.get();
  made.legacy_baggage = config::legacy_baggage.get();
  const std::int64_t most = config::datadog_tags_max_length.get();
  made.datadog_tags_max_length = static_cast<std::size_t>(std::clamp<std::int64_t>(most, 0, 512));
  made.baggage_tag_keys = config::parse_list(config::baggage_tag_keys.get());
  made.wide_trace_ids = config::wide_trace_ids.get();
  made.apm_off = !config::apm_tracing_enabled.get();
  made.usual = is_usual(made);
  return made;
}

void reload_options() {  // the old ones are kept: readers may hold them
  current.store(new Options(options_from_settings()), std::memory_order_release);
}

const Options& options() {
  if (!current.load(std::memory_order_acquire)) reload_options();
  return *current.load(std::memory_order_acquire);
}

ExtractedContext extract(const Carrier& carrier, const Options& options) {
  ExtractedContext result;
  if (options.behavior == Behavior::kIgnore) return result;
  Style primary = Style::kDatadog;
  bool baggage = false;
  std::uint64_t datadog_span = 0;
  for (const Style style : options.extract) {
    if (style == Style::kBaggage) {
      baggage = true;
    } else if (!result.segment) {
      if (auto context = extract_style(style, carrier, options)) {
        count_extracted(style);
        result = std::move(*context);
        primary = style;
        if (style == Style::kDatadog) datadog_span = result.span_id;
      }
    } else if (style != Style::kTraceContext || !join_tracecontext(result, datadog_span, carrier)) {
      if (auto context = extract_style(style, carrier, options)) {
        count_extracted(style);
        if (style == Style::kDatadog) datadog_span = context->span_id;
        join(result, *context, style);
      }
    }
    if (options.extract_first) break;
  }
  if (options.extract_first)
    baggage = std::find(options.extract.begin(), options.extract.end(), Style::kBaggage) !=
              options.extract.end();
  if (options.legacy_baggage && result.segment)
    for (const auto& [key, value] : carrier.all(kLegacyBaggage))
      trace::set_entry(result.segment->baggage, key, value);
  if (baggage) add_baggage(result, carrier, options);
  if (options.behavior == Behavior::kRestart && result.segment) {
    ExtractedContext fresh;
    fresh.segment = Segment::make({});
    fresh.segment->baggage = result.segment->baggage;
    if (result.segment->trace_id && result.span_id) {
      fresh.links.push_back(link_to(result, primary, "propagation_behavior_extract"));
      auto& state = fresh.links.back().tracestate;
      if (primary == Style::kTraceContext && !state) state.emplace();
    }
    return fresh;
  }
  return result;
}

void inject(Segment& segment, std::uint64_t span_id, bool remote, Carrier& carrier,
            const Options& options) {
  if (options.usual && !remote && span_id != 0) [[likely]]
    if (NewTrace trace; read_new(segment, trace)) return write_new(trace, span_id, carrier);
  const auto wants = [&](Style style) {
    const bool found =
        std::find(options.inject.begin(), options.inject.end(), style) != options.inject.end();
    if (found) count_injected(style);
    return found;
  };
  Lines buffer;
  {
    const base::MutexLock lock(segment.mutex);
    if (!segment.baggage.empty() && wants(Style::kBaggage))
      buffer.set("baggage", encode_baggage(segment.baggage));
    if (segment.trace_id && span_id) {
      if (options.legacy_baggage)
        for (const auto& [key, value] : segment.baggage)
          if (is_one_line(key) && is_one_line(value))
            buffer.set(std::string(kLegacyBaggage) + key, value);
      if (wants(Style::kDatadog)) inject_datadog(segment, span_id, buffer, options);
      if (wants(Style::kB3Multi)) inject_b3(segment, span_id, buffer, false);
      if (wants(Style::kB3)) inject_b3(segment, span_id, buffer, true);
      if (wants(Style::kTraceContext)) {
        char parent[kTraceParentBytes];
        write_traceparent(segment, span_id, parent);
        buffer.set("traceparent", {parent, sizeof parent});
        const LastParent last = remote ? LastParent::kStored : LastParent::kSpan;
        buffer.set("tracestate", tracestate(segment, last, span_id));
      }
    }
  }
  buffer.write_to(carrier);
}

}  // namespace dd::propagation
