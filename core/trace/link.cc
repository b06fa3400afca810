#include "core/trace/link.h"

#include "core/trace/segment.h"

namespace dd::trace {
namespace {

template <class T>
void append(T*& head, T* made) {
  T** at = &head;
  while (*at) at = &(*at)->next;
  *at = made;
}

}  // namespace

Text copy_text(Span& span, std::string_view text) { return Text(span.chunk->arena.copy(text)); }

Link* add_link(Span& span, TraceId trace_id, std::uint64_t span_id, std::string_view tracestate,
               std::optional<std::uint32_t> flags, bool pointer) {
  if (span.sealed()) return nullptr;
  Link* link = nullptr;
  if (!pointer)
    for (Link* known = span.links(); known; known = known->next)
      if (!known->pointer && known->span_id == span_id) link = known;
  if (!link) {
    link = span.chunk->arena.make<Link>();
    append(span.rare_parts().links, link);
  }
  Link* const next = link->next;
  *link = Link{
      .next = next, .trace_id = trace_id, .span_id = span_id, .flags = flags, .pointer = pointer};
  if (tracestate.data()) link->tracestate = copy_text(span, tracestate);
  return link;
}

void set_link_attribute(Span& span, Link& link, std::string_view key, std::string_view value) {
  if (span.sealed()) return;
  for (TextPair* pair = link.attributes; pair; pair = pair->next)
    if (pair->key.view() == key) {
      pair->value = copy_text(span, value);
      return;
    }
  auto* pair = span.chunk->arena.make<TextPair>();
  pair->key = copy_text(span, key);
  pair->value = copy_text(span, value);
  append(link.attributes, pair);
  ++link.attribute_count;
}

Event* add_event(Span& span, std::string_view name, std::uint64_t time_unix_ns) {
  if (span.sealed()) return nullptr;
  auto* event = span.chunk->arena.make<Event>();
  event->name = copy_text(span, name);
  event->time_unix_ns = time_unix_ns;
  append(span.rare_parts().events, event);
  return event;
}

EventValue* add_event_value(Span& span, Event& event, std::string_view key, EventValueKind kind) {
  auto* value = span.chunk->arena.make<EventValue>();
  value->key = copy_text(span, key);
  value->kind = kind;
  append(event.attributes, value);
  ++event.attribute_count;
  return value;
}

EventValue* add_array_value(Span& span, EventValue& array, EventValueKind kind) {
  auto* value = span.chunk->arena.make<EventValue>();
  value->kind = kind;
  append(array.elements, value);
  ++array.element_count;
  return value;
}

void set_struct(Span& span, std::string_view key, std::string_view bytes) {
  if (span.sealed()) return;
  for (StructTag* tag = span.structs(); tag; tag = tag->next)
    if (tag->key.view() == key) {
      tag->bytes = copy_text(span, bytes);
      return;
    }
  auto* tag = span.chunk->arena.make<StructTag>();
  tag->key = copy_text(span, key);
  tag->bytes = copy_text(span, bytes);
  append(span.rare_parts().structs, tag);
}

void remove_struct(Span& span, std::string_view key) {
  if (span.sealed() || !span.structs()) return;
  for (StructTag** at = &span.rare_parts().structs; *at; at = &(*at)->next)
    if ((*at)->key.view() == key) {
      *at = (*at)->next;
      return;
    }
}

}  // namespace dd::trace
