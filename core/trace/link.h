// Links to other spans, timed events and structured tags, in the arena of their span's chunk.
// Source: SPAN.md section 5.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/trace/span.h"

namespace dd::trace {

struct TextPair {
  TextPair* next = nullptr;
  Text key, value;
};

struct Link {
  Link* next = nullptr;
  TraceId trace_id;
  std::uint64_t span_id = 0;
  Text tracestate;
  std::optional<std::uint32_t> flags;
  TextPair* attributes = nullptr;
  std::uint32_t attribute_count = 0;
  bool pointer = false;  // link.kind=span-pointer: both ids are zero
};

enum class EventValueKind : std::uint8_t { kText, kBool, kInt, kDouble, kArray };

struct EventValue {
  EventValue* next = nullptr;  // the next attribute, or the next element of an array
  Text key;                    // empty for elements
  EventValueKind kind = EventValueKind::kText;
  Text text;
  std::int64_t integer = 0;  // also a bool
  double real = 0;
  EventValue* elements = nullptr;
  std::uint32_t element_count = 0;
};

struct Event {
  Event* next = nullptr;
  Text name;
  std::uint64_t time_unix_ns = 0;
  EventValue* attributes = nullptr;
  std::uint32_t attribute_count = 0;
};

struct StructTag {
  StructTag* next = nullptr;
  Text key;
  Text bytes;  // MessagePack
};

// Appends a link, or empties and reuses the one with the same span id (pointers are always
// appended). Null on a sealed span.
Link* add_link(Span& span, TraceId trace_id, std::uint64_t span_id,
               std::string_view tracestate = {}, std::optional<std::uint32_t> flags = std::nullopt,
               bool pointer = false);
// Replaces the value of the same key.
void set_link_attribute(Span& span, Link& link, std::string_view key, std::string_view value);

Event* add_event(Span& span, std::string_view name, std::uint64_t time_unix_ns);
// A new value at the end of the event's attributes (with a key) or of an array.
EventValue* add_event_value(Span& span, Event& event, std::string_view key, EventValueKind kind);
EventValue* add_array_value(Span& span, EventValue& array, EventValueKind kind);
// Replaces the bytes of the same key.
void set_struct(Span& span, std::string_view key, std::string_view bytes);
void remove_struct(Span& span, std::string_view key);
Text copy_text(Span& span, std::string_view text);

}  // namespace dd::trace
