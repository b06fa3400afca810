#include "core/encoding/extras.h"

#include "core/encoding/msgpack.h"
#include "core/encoding/python_json.h"
#include "core/encoding/utf8.h"

namespace dd::encoding {
namespace {

using namespace msgpack;

constexpr std::uint32_t kFlagsKnown = 1u << 31;  // tells flags 0 from no flags

template <class T>
std::uint32_t length(const T* list) {
  std::uint32_t count = 0;
  for (; list; list = list->next) ++count;
  return count;
}

void append_value_json(std::string& out, const trace::EventValue& value) {
  switch (value.kind) {
    case trace::EventValueKind::kText:
      python_json::append_text(out, value.text.view());
      break;
    case trace::EventValueKind::kBool:
      out += value.integer ? "true" : "false";
      break;
    case trace::EventValueKind::kInt:
      python_json::append_int(out, value.integer);
      break;
    case trace::EventValueKind::kDouble:
      python_json::append_double(out, value.real);
      break;
    case trace::EventValueKind::kArray: {
      out += '[';
      for (const trace::EventValue* at = value.elements; at; at = at->next) {
        append_value_json(out, *at);
        if (at->next) out += ", ";
      }
      out += ']';
    }
  }
}

// The writers of msgpack below name fields of known size.
template <std::size_t N>
void name(Buffer& out, const char (&text)[N]) {
  write_text(out, std::string_view(text, N - 1));
}
void write_map(Buffer& out, std::uint32_t size) {
  out.advance_to(put_map(out.room(kMaxHeader), size));
}
void write_array(Buffer& out, std::uint32_t size) {
  out.advance_to(put_array(out.room(kMaxHeader), size));
}
void write_unsigned(Buffer& out, std::uint64_t value) {
  out.advance_to(put_unsigned(out.room(9), value));
}
void write_tidy(Buffer& out, std::string_view text, std::string& repaired) {
  write_text(out, tidy(text, repaired));
}

void write_value(Buffer& out, const trace::EventValue& value, std::string& repaired) {
  enum Type : unsigned char { kText, kBool, kInt, kDouble, kArray };
  const auto head = [&](Type type) {
    write_map(out, 2);
    name(out, "type");
    out.push(static_cast<char>(type));
  };
  switch (value.kind) {
    case trace::EventValueKind::kText:
      head(kText);
      name(out, "string_value");
      write_tidy(out, value.text.view(), repaired);
      break;
    case trace::EventValueKind::kBool:
      head(kBool);
      name(out, "bool_value");
      out.push(static_cast<char>(value.integer ? 0xC3 : 0xC2));
      break;
    case trace::EventValueKind::kInt:
      head(kInt);
      name(out, "int_value");
      out.advance_to(put_signed(out.room(9), value.integer));
      break;
    case trace::EventValueKind::kDouble:
      head(kDouble);
      name(out, "double_value");
      out.advance_to(put_double(out.room(9), value.real));
      break;
    case trace::EventValueKind::kArray:
      head(kArray);
      name(out, "array_value");
      write_map(out, 1);
      name(out, "values");
      write_array(out, length(value.elements));
      for (const trace::EventValue* at = value.elements; at; at = at->next)
        write_value(out, *at, repaired);
  }
}

}  // namespace

void append_links_json(std::string& out, const trace::Link* links) {
  out += '[';
  for (const trace::Link* link = links; link; link = link->next) {
    out += R"({"trace_id": ")";
    python_json::append_hex(out, link->trace_id.high, 16);
    python_json::append_hex(out, link->trace_id.low, 16);
    out += R"(", "span_id": ")";
    python_json::append_hex(out, link->span_id, 16);
    out += '"';
    if (link->attributes) {
      out += R"(, "attributes": {)";
      for (const trace::TextPair* pair = link->attributes; pair; pair = pair->next) {
        python_json::append_text(out, pair->key.view());
        out += ": ";
        python_json::append_text(out, pair->value.view());
        if (pair->next) out += ", ";
      }
      out += '}';
    }
    if (link->tracestate.size) {
      out += R"(, "tracestate": )";
      python_json::append_text(out, link->tracestate.view());
    }
    if (link->flags) {
      out += R"(, "flags": )";
      python_json::append_unsigned(out, *link->flags & ~kFlagsKnown);
    }
    out += link->next ? "}, " : "}";
  }
  out += ']';
}

void append_events_json(std::string& out, const trace::Event* events) {
  out += '[';
  for (const trace::Event* event = events; event; event = event->next) {
    out += R"({"name": )";
    python_json::append_text(out, event->name.view());
    out += R"(, "time_unix_nano": )";
    python_json::append_unsigned(out, event->time_unix_ns);
    if (event->attributes) {
      out += R"(, "attributes": {)";
      for (const trace::EventValue* value = event->attributes; value; value = value->next) {
        python_json::append_text(out, value->key.view());
        out += ": ";
        append_value_json(out, *value);
        if (value->next) out += ", ";
      }
      out += '}';
    }
    out += event->next ? "}, " : "}";
  }
  out += ']';
}

void write_links(Buffer& out, const trace::Link* links, std::string& repaired) {
  write_array(out, length(links));
  for (const trace::Link* link = links; link; link = link->next) {
    write_map(out, 3 + (link->attributes != nullptr) + (link->tracestate.size != 0) +
                       link->flags.has_value());
    name(out, "trace_id");
    write_unsigned(out, link->trace_id.low);
    name(out, "trace_id_high");
    write_unsigned(out, link->trace_id.high);
    name(out, "span_id");
    write_unsigned(out, link->span_id);
    if (link->attributes) {
      name(out, "attributes");
      write_map(out, length(link->attributes));
      for (const trace::TextPair* pair = link->attributes; pair; pair = pair->next) {
        write_tidy(out, pair->key.view(), repaired);
        write_tidy(out, pair->value.view(), repaired);
      }
    }
    if (link->tracestate.size) {
      name(out, "tracestate");
      write_tidy(out, link->tracestate.view(), repaired);
    }
    if (link->flags) {
      name(out, "flags");
      out.advance_to(put_tagged<std::uint32_t>(out.room(5), 0xCE, *link->flags | kFlagsKnown));
    }
  }
}

void write_events(Buffer& out, const trace::Event* events, std::string& repaired) {
  write_array(out, length(events));
  for (const trace::Event* event = events; event; event = event->next) {
    write_map(out, 2 + (event->attributes != nullptr));
    name(out, "time_unix_nano");
    write_unsigned(out, event->time_unix_ns);
    name(out, "name");
    write_tidy(out, event->name.view(), repaired);
    if (!event->attributes) continue;
    name(out, "attributes");
    write_map(out, length(event->attributes));
    for (const trace::EventValue* value = event->attributes; value; value = value->next) {
      write_tidy(out, value->key.view(), repaired);
      write_value(out, *value, repaired);
    }
  }
}

void write_structs(Buffer& out, const trace::StructTag* structs, std::string& repaired) {
  write_map(out, length(structs));
  for (const trace::StructTag* tag = structs; tag; tag = tag->next) {
    write_tidy(out, tag->key.view(), repaired);
    char* const at = out.room(kMaxHeader);
    out.advance_to(put_bytes_header(at, tag->bytes.size));
    out.append(tag->bytes.view());
  }
}

}  // namespace dd::encoding
