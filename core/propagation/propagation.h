// Trace context over carriers: headers of a request, attributes of a message.
//
// Both directions are total: whatever the carrier holds, extract() answers with what could be
// understood and inject() writes what is valid. Any thread; nothing here knows Python.
// Source: PROPAGATION.md.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/trace/segment.h"

namespace dd::propagation {

// Names are lower case. get() also finds the form of WSGI where that is the carrier's; what it
// returns stays valid until the next call.
class Carrier {
 public:
  virtual ~Carrier() = default;
  virtual std::optional<std::string_view> get(std::string_view name) const = 0;
  virtual void set(std::string_view name, std::string_view value) = 0;
  // Every header whose name begins so, the rest of the name as a key. Carriers that cannot list
  // what they hold have none.
  virtual trace::Entries all(std::string_view) const { return {}; }
};

enum class Style : std::uint8_t { kDatadog, kTraceContext, kB3Multi, kB3, kBaggage };
std::string_view style_name(Style style);
// "datadog, B3" -> styles in order; "none" and what is unknown is left out.
std::vector<Style> parse_styles(std::string_view text);

enum class Behavior : std::uint8_t { kContinue, kRestart, kIgnore };

struct Options {
  std::vector<Style> extract, inject;
  Behavior behavior = Behavior::kContinue;
  bool extract_first = false;
  bool legacy_baggage = false;                // headers ot-baggage-<key>
  std::size_t datadog_tags_max_length = 512;  // 0: the header is not written
  std::vector<std::string> baggage_tag_keys;  // "*": all
  bool wide_trace_ids = true;
  bool apm_off = false;  // only traces that a product marked (_dd.p.ts) are passed on
  bool usual = false;  // the styles that are written are the default ones, without a limit or more
};
// From core_settings, as they are now.
Options options_from_settings();
// The settings as they were when first asked; a new call of reload_options() replaces them.
const Options& options();
void reload_options();

struct ExtractedLink {
  trace::TraceId trace_id;
  std::uint64_t span_id = 0;
  std::optional<std::string> tracestate;
  std::optional<std::uint32_t> flags;
  std::string reason;  // attribute `reason`
  std::string style;   // attribute `context_headers`
};

struct ExtractedContext {
  trace::Shared<trace::Segment> segment;  // empty when nothing was found; its trace id may be zero
  std::uint64_t span_id = 0;
  std::vector<ExtractedLink> links;
  bool found() const { return static_cast<bool>(segment); }
};

ExtractedContext extract(const Carrier& carrier, const Options& options);
// The segment must have been sampled (core/sampling) if it is to be. `span_id` 0 writes baggage
// only. `remote`: the context came in by extract() and has no local span.
void inject(trace::Segment& segment, std::uint64_t span_id, bool remote, Carrier& carrier,
            const Options& options);

// Parts, for tests and for other users of the same texts (logs, SQL comments).
std::string traceparent(trace::Segment& segment, std::uint64_t span_id);
// Which span the text names as the last one of ours: none, the one that came in, or `span_id`.
enum class LastParent : std::uint8_t { kNone, kStored, kSpan };
std::string tracestate(trace::Segment& segment, LastParent parent, std::uint64_t span_id = 0);
std::optional<trace::Entries> parse_baggage(std::string_view header);
std::string encode_baggage(const trace::Entries& items);

}  // namespace dd::propagation
