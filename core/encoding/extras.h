// Links and events of a span in their two forms: MessagePack fields (v0.4) and JSON texts that
// travel as tags (v0.5; events in v0.4 unless native ones are switched on).
// Source: WRITER.md section 4, WIRE.md section 2.

#pragma once

#include <string>

#include "core/encoding/buffer.h"
#include "core/trace/link.h"

namespace dd::encoding {

inline constexpr std::string_view kLinksTag = "_dd.span_links";
inline constexpr std::string_view kEventsTag = "events";

// `[{"trace_id": "<32 hex>", "span_id": "<16 hex>", "attributes"?, "tracestate"?, "flags"?}]`
void append_links_json(std::string& out, const trace::Link* links);
// `[{"name": .., "time_unix_nano": .., "attributes"?}]`
void append_events_json(std::string& out, const trace::Event* events);

// The values of `span_links`, `span_events` and `meta_struct`; `repaired` is scratch memory.
void write_links(Buffer& out, const trace::Link* links, std::string& repaired);
void write_events(Buffer& out, const trace::Event* events, std::string& repaired);
void write_structs(Buffer& out, const trace::StructTag* structs, std::string& repaired);

}  // namespace dd::encoding
