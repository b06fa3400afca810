#include "core/encoding/otlp.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>

#include "core/base/ascii.h"
#include "core/encoding/extras.h"
#include "core/encoding/python_json.h"
#include "core/encoding/span_facts.h"
#include "core/encoding/utf8.h"
#include "core/trace/tags.h"

namespace dd::encoding {
namespace {

enum StatusCode { kUnset = 0, kError = 2 };

// What a format needs to write one span; the lists are written by the same format before.
struct SpanParts {
  trace::TraceId trace_id;
  std::uint64_t id = 0, parent_id = 0;
  std::string_view state, name;
  int kind = 1;
  std::uint64_t start_ns = 0, end_ns = 0;
  std::string attributes, events, links;
  bool failed = false;
  std::string_view message;
  std::uint32_t flags = 0;
};

int kind_of(std::string_view text) {
  const std::string kind = base::lowered(text);
  if (kind.empty() || kind == "internal") return 1;
  if (kind == "server") return 2;
  if (kind == "client") return 3;
  if (kind == "producer") return 4;
  if (kind == "consumer") return 5;
  return 0;
}

// Text of JSON: only what must be escaped is.
void quote(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20) {
      out += "\\u00";
      out += "0123456789abcdef"[byte >> 4];
      out += "0123456789abcdef"[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t size = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (j < size ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      out += j <= size ? kDigits[(group >> (18 - 6 * j)) & 63] : '=';
  }
  return out;
}

// Both formats have the same functions; lists are joined by appending.
struct Json {
  static constexpr std::string_view kContentType = "application/json";

  static void text_value(std::string& out, std::string_view value) {
    out += R"({"stringValue":)";
    quote(out, value);
    out += '}';
  }
  static void int_value(std::string& out, std::int64_t value) {
    out += R"({"intValue":")";
    python_json::append_int(out, value);
    out += R"("})";
  }
  static void double_value(std::string& out, double value) {
    const bool finite = std::isfinite(value);  // the others have names, as texts
    out += finite ? R"({"doubleValue":)" : R"({"doubleValue":")";
    python_json::append_double(out, value);
    out += finite ? "}" : R"("})";
  }
  static void bool_value(std::string& out, bool value) {
    out += value ? R"({"boolValue":true})" : R"({"boolValue":false})";
  }
  static void bytes_value(std::string& out, std::string_view value) {
    out += R"({"bytesValue":")" + base64(value) + R"("})";
  }
  static void array_value(std::string& out, std::string_view values) {
    out.append(R"({"arrayValue":{"values":[)").append(values).append("]}}");
  }
  static void item(std::string& list, std::string_view value) {
    if (!list.empty()) list += ',';
    list += value;
  }
  static void attribute(std::string& list, std::string_view key, std::string_view value) {
    list += list.empty() ? R"({"key":)" : R"(,{"key":)";
    quote(list, key);
    list.append(R"(,"value":)").append(value) += '}';
  }
  static void ids(std::string& out, const trace::TraceId& trace_id, std::uint64_t id) {
    out += R"({"traceId":")";
    python_json::append_hex(out, trace_id.high, 16);
    python_json::append_hex(out, trace_id.low, 16);
    out += R"(","spanId":")";
    python_json::append_hex(out, id, 16);
    out += '"';
  }
  static void member(std::string& out, std::string_view name, std::string_view value) {
    out.append(",\"").append(name).append("\":");
    quote(out, value);
  }
  static void array(std::string& out, std::string_view name, std::string_view list) {
    if (!list.empty()) out.append(",\"").append(name).append("\":[").append(list) += ']';
  }
  static void event(std::string& list, const trace::Event& event, std::string_view name,
                    std::string_view attributes) {
    list += list.empty() ? "{" : ",{";
    list += R"("timeUnixNano":")" + std::to_string(event.time_unix_ns) + '"';
    member(list, "name", name);
    array(list, "attributes", attributes);
    list += '}';
  }
  static void link(std::string& list, const trace::Link& link, std::string_view state,
                   std::string_view attributes) {
    if (!list.empty()) list += ',';
    ids(list, link.trace_id, link.span_id);
    if (!state.empty()) member(list, "traceState", state);
    array(list, "attributes", attributes);
    if (link.flags && *link.flags) list += R"(,"flags":)" + std::to_string(*link.flags);
    list += '}';
  }
  static void span(std::string& list, const SpanParts& parts) {
    if (!list.empty()) list += ',';
    ids(list, parts.trace_id, parts.id);
    if (parts.parent_id) {
      list += R"(,"parentSpanId":")";
      python_json::append_hex(list, parts.parent_id, 16);
      list += '"';
    }
    if (!parts.state.empty()) member(list, "traceState", parts.state);
    member(list, "name", parts.name);
    list += R"(,"kind":)" + std::to_string(parts.kind);
    member(list, "startTimeUnixNano", std::to_string(parts.start_ns));
    member(list, "endTimeUnixNano", std::to_string(parts.end_ns));
    array(list, "attributes", parts.attributes);
    array(list, "events", parts.events);
    array(list, "links", parts.links);
    list += R"(,"status":{)";
    if (parts.failed && !parts.message.empty()) {
      list += R"("message":)";
      quote(list, parts.message);
      list += ',';
    }
    list += parts.failed ? R"("code":2})" : R"("code":0})";
    if (parts.flags) list += R"(,"flags":)" + std::to_string(parts.flags);
    list += '}';
  }
  static std::string request(std::string_view resource, std::string_view spans) {
    std::string out = R"({"resourceSpans":[{"resource":{"attributes":[)";
    out.append(resource).append(R"(]},"scopeSpans":[{"scope":{},"spans":[)").append(spans);
    return out += "]}]}]}";
  }
};

// https://protobuf.dev/programming-guides/encoding, opentelemetry/proto/trace/v1/trace.proto.
struct Protobuf {
  static constexpr std::string_view kContentType = "application/x-protobuf";

  static void varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
  }
  static void number(std::string& out, std::uint32_t field, std::uint64_t value) {
    varint(out, field << 3);
    varint(out, value);
  }
  template <class T>
  static void fixed(std::string& out, std::uint32_t field, T value) {
    varint(out, field << 3 | (sizeof(T) == 8 ? 1 : 5));
    for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(value >> (8 * i));
  }
  static void bytes(std::string& out, std::uint32_t field, std::string_view value) {
    varint(out, field << 3 | 2);
    varint(out, value.size());
    out += value;
  }
  static void text(std::string& out, std::uint32_t field, std::string_view value) {
    if (!value.empty()) bytes(out, field, value);
  }

  // AnyValue
  static void text_value(std::string& out, std::string_view value) { bytes(out, 1, value); }
  static void bool_value(std::string& out, bool value) { number(out, 2, value); }
  static void int_value(std::string& out, std::int64_t value) {
    number(out, 3, static_cast<std::uint64_t>(value));
  }
  static void double_value(std::string& out, double value) {
    fixed(out, 4, std::bit_cast<std::uint64_t>(value));
  }
  static void array_value(std::string& out, std::string_view values) { bytes(out, 5, values); }
  static void bytes_value(std::string& out, std::string_view value) { bytes(out, 7, value); }

  static void item(std::string& list, std::string_view value) { bytes(list, 1, value); }
  // Lists of attributes are written as field 1 and get their field when they are placed.
  static void attribute(std::string& list, std::string_view key, std::string_view value) {
    std::string pair;
    bytes(pair, 1, key);
    bytes(pair, 2, value);
    bytes(list, 1, pair);
  }
  // Gives the messages of a list written as field 1 another field (below 16: one byte).
  static void place(std::string& out, std::uint32_t field, std::string_view list) {
    for (std::size_t at = 0; at < list.size();) {
      std::size_t size = 0, next = at + 1;
      for (int shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(list[next++]);
        size |= static_cast<std::size_t>(byte & 0x7F) << shift;
        if (byte < 0x80) break;
      }
      out += static_cast<char>(field << 3 | 2);
      out += list.substr(at + 1, next - at - 1 + size);
      at = next + size;
    }
  }
  static std::string big_endian(std::uint64_t value) {
    std::string out;
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
    return out;
  }
  static void ids(std::string& out, const trace::TraceId& trace_id, std::uint64_t id) {
    bytes(out, 1, big_endian(trace_id.high) + big_endian(trace_id.low));
    bytes(out, 2, big_endian(id));
  }
  static void event(std::string& list, const trace::Event& event, std::string_view name,
                    std::string_view attributes) {
    std::string out;
    fixed(out, 1, event.time_unix_ns);
    text(out, 2, name);
    place(out, 3, attributes);
    bytes(list, 1, out);
  }
  static void link(std::string& list, const trace::Link& link, std::string_view state,
                   std::string_view attributes) {
    std::string out;
    ids(out, link.trace_id, link.span_id);
    text(out, 3, state);
    place(out, 4, attributes);
    if (link.flags && *link.flags) fixed(out, 6, *link.flags);
    bytes(list, 1, out);
  }
  static void span(std::string& list, const SpanParts& parts) {
    std::string out;
    ids(out, parts.trace_id, parts.id);
    text(out, 3, parts.state);
    if (parts.parent_id) bytes(out, 4, big_endian(parts.parent_id));
    text(out, 5, parts.name);
    if (parts.kind) number(out, 6, static_cast<std::uint64_t>(parts.kind));
    fixed(out, 7, parts.start_ns);
    fixed(out, 8, parts.end_ns);
    place(out, 9, parts.attributes);
    place(out, 11, parts.events);
    place(out, 13, parts.links);
    std::string status;
    if (parts.failed) {
      text(status, 2, parts.message);
      number(status, 3, kError);
    }
    bytes(out, 15, status);
    if (parts.flags) fixed(out, 16, parts.flags);
    bytes(list, 1, out);
  }
  static std::string request(std::string_view resource, std::string_view spans) {
    std::string attributes, scoped, whole, out;
    place(attributes, 1, resource);
    bytes(scoped, 1, "");  // the scope
    place(scoped, 2, spans);
    bytes(whole, 1, attributes);
    bytes(whole, 2, scoped);
    bytes(out, 1, whole);
    return out;
  }
};

template <class Format>
class Otlp final : public TraceEncoder {
 public:
  Otlp(FactsSource facts, OtlpOptions options) : facts_(facts), options_(std::move(options)) {}

  bool add(const trace::Delivery& delivery, std::size_t limit_bytes) override {
    if (bytes() >= limit_bytes) return false;
    const std::size_t before = spans_list_.size();
    for (std::uint32_t i = 0; i < delivery.count; ++i) {
      write_span(*delivery.spans[i], delivery);
      if (bytes() > limit_bytes) {
        spans_list_.resize(before);
        return false;
      }
    }
    ++chunks_;
    spans_ += delivery.count;
    return true;
  }
  std::size_t bytes() const override { return spans_list_.size() + kRoomForResource; }
  void take(Buffer& out) override {
    const trace::ProcessFacts& facts = facts_();
    std::string resource;
    const auto add = [&](std::string_view key, std::string_view value) {
      if (!value.empty()) text(resource, key, value);
    };
    add("service.name", facts.service);
    add("deployment.environment.name", facts.env);
    add("service.version", facts.version);
    add("telemetry.sdk.name", "datadog");
    add("telemetry.sdk.language", "python");
    add("telemetry.sdk.version", options_.tracer_version);
    add("runtime-id", facts.runtime_id);
    out.truncate(0);
    out.append(Format::request(resource, spans_list_));
    spans_list_.clear();
    chunks_ = 0;
    spans_ = 0;
  }
  std::string_view path() const override { return options_.path; }
  std::string_view content_type() const override { return Format::kContentType; }

 private:
  static constexpr std::size_t kRoomForResource = 1024;

  std::string_view tidied(std::string_view value) { return tidy(value, repaired_); }
  void text(std::string& list, std::string_view key, std::string_view value) {
    std::string key_storage, written;
    Format::text_value(written, tidied(value));
    Format::attribute(list, tidy(key, key_storage), written);
  }
  void number(std::string& list, std::string_view key, double value) {
    std::string key_storage, written;
    if (std::fabs(value) < 0x1p63 && value == std::floor(value))
      Format::int_value(written, static_cast<std::int64_t>(value));
    else
      Format::double_value(written, value);
    Format::attribute(list, tidy(key, key_storage), written);
  }
  void write_value(std::string& out, const trace::EventValue& value) {
    switch (value.kind) {
      case trace::EventValueKind::kText:
        return Format::text_value(out, tidied(value.text.view()));
      case trace::EventValueKind::kBool:
        return Format::bool_value(out, value.integer != 0);
      case trace::EventValueKind::kInt:
        return Format::int_value(out, value.integer);
      case trace::EventValueKind::kDouble:
        return Format::double_value(out, value.real);
      case trace::EventValueKind::kArray: {
        std::string list;
        for (const trace::EventValue* at = value.elements; at; at = at->next) {
          std::string one;
          write_value(one, *at);
          Format::item(list, one);
        }
        return Format::array_value(out, list);
      }
    }
  }

  void write_span(const trace::Span& span, const trace::Delivery& delivery) {
    const trace::ProcessFacts& facts = facts_();
    const std::uint16_t flags = flags_of(span, delivery);
    std::string state;
    if (options_.trace_state) state = options_.trace_state(*span.segment, span.id);
    SpanParts parts;
    std::string& list = parts.attributes;
    if (span.service.view() != facts.service) text(list, "service.name", span.service.view());
    text(list, "operation.name", span.name.view());
    if (span.type.size) text(list, "span.type", span.type.view());
    text(list, "resource.name", span.resource.view());
    const auto add = [&](std::string_view key, std::string_view value) { text(list, key, value); };
    for (const trace::Attribute* a = span.attributes; a; a = a->next)
      if (a->kind == trace::AttributeKind::kText) add(a->key.view(), a->text.view());
    for_each_text_fact(flags, facts, add);
    for_each_trace_text(flags, delivery, add);
    if (!state.empty()) add("tracestate", state);
    const auto count = [&](std::string_view key, double value) { number(list, key, value); };
    for (const trace::Attribute* a = span.attributes; a; a = a->next)
      if (a->kind != trace::AttributeKind::kText)
        count(a->key.view(),
              a->kind == trace::AttributeKind::kInt ? static_cast<double>(a->integer) : a->real);
    for_each_number_fact(flags, facts, count);
    for_each_trace_number(span, flags, delivery, keep_rate_, count);
    if (!(flags & trace::kChunkHead) && delivery.priority)
      count("_sampling_priority_v1", static_cast<double>(*delivery.priority));
    for (const trace::StructTag* tag = span.structs(); tag; tag = tag->next) {
      std::string written, key_storage;
      Format::bytes_value(written, tag->bytes.view());
      Format::attribute(list, tidy(tag->key.view(), key_storage), written);
    }
    for (const trace::Event* event = span.events(); event; event = event->next) {
      std::string attributes, name_storage;
      for (const trace::EventValue* value = event->attributes; value; value = value->next) {
        std::string written, key_storage;
        write_value(written, *value);
        Format::attribute(attributes, tidy(value->key.view(), key_storage), written);
      }
      Format::event(parts.events, *event, tidy(event->name.view(), name_storage), attributes);
    }
    for (const trace::Link* link = span.links(); link; link = link->next) {
      std::string attributes, state_storage;
      for (const trace::TextPair* pair = link->attributes; pair; pair = pair->next)
        text(attributes, pair->key.view(), pair->value.view());
      Format::link(parts.links, *link, tidy(link->tracestate.view(), state_storage), attributes);
    }
    std::string name_storage, message_storage;
    parts.trace_id = delivery.trace_id;
    parts.id = span.id;
    parts.parent_id = span.parent_id;
    parts.state = state;
    parts.name = tidy(span.resource.view(), name_storage);
    parts.kind = kind_of(span.text(trace::tags::kSpanKind));
    parts.start_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(span.start_ns, 0));
    parts.end_ns =
        parts.start_ns + static_cast<std::uint64_t>(std::max<std::int64_t>(span.duration_ns, 0));
    parts.failed = span.error != 0;
    parts.message = tidy(span.text(trace::tags::kErrorMessage), message_storage);
    parts.flags = delivery.priority && *delivery.priority > 0;
    Format::span(spans_list_, parts);
  }

  const FactsSource facts_;
  const OtlpOptions options_;
  std::string spans_list_;
  std::string repaired_;
};

}  // namespace

std::unique_ptr<TraceEncoder> make_otlp(FactsSource facts, OtlpOptions options) {
  if (options.json) return std::make_unique<Otlp<Json>>(facts, std::move(options));
  return std::make_unique<Otlp<Protobuf>>(facts, std::move(options));
}

}  // namespace dd::encoding
