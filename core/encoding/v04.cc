#include <string>

#include "core/encoding/encoder.h"
#include "core/encoding/extras.h"
#include "core/encoding/msgpack.h"
#include "core/encoding/span_facts.h"
#include "core/encoding/utf8.h"

namespace dd::encoding {
namespace {

using namespace msgpack;

constexpr std::size_t kHeadRoom = kMaxHeader;  // for the array of chunks, whose size is known last

template <std::size_t N>
char* put_literal(char* at, const char (&text)[N]) {
  static_assert(N - 1 < 32);
  *at = static_cast<char>(0xA0 | (N - 1));
  std::memcpy(at + 1, text, N - 1);
  return at + N;
}

class V04 final : public TraceEncoder {
 public:
  V04(FactsSource facts, bool native_events) : facts_(facts), native_events_(native_events) {}

  bool add(const trace::Delivery& delivery, std::size_t limit_bytes) override {
    if (out_.size() == 0) out_.advance_to(out_.room(kHeadRoom) + kHeadRoom);
    if (out_.size() >= limit_bytes) return false;
    const std::size_t before = out_.size();
    const trace::ProcessFacts& facts = facts_();
    if (facts.revision != revision_) {
      prepared_.clear();
      revision_ = facts.revision;
    }
    out_.advance_to(put_array(out_.room(kMaxHeader), delivery.count));
    for (std::uint32_t i = 0; i < delivery.count; ++i) {
      write_span(*delivery.spans[i], delivery, facts);
      if (out_.size() > limit_bytes) {
        out_.truncate(before);
        return false;
      }
    }
    ++chunks_;
    spans_ += delivery.count;
    return true;
  }

  std::size_t bytes() const override { return out_.size(); }

  bool parts(Parts& out) const override {
    char* const lead = out.room[0];
    const char* const end = put_array(lead, chunks_);
    out.lead = {lead, static_cast<std::size_t>(end - lead)};
    if (out_.size() > kHeadRoom) out.first = out_.view().substr(kHeadRoom);
    return true;
  }

  void take(Buffer& out) override {
    Parts all;
    (void)parts(all);
    out.truncate(0);
    out.append(all.lead);
    out.append(all.first);
    if (out_.capacity() > kKeptBytes) out_.release();
    out_.truncate(0);
    chunks_ = 0;
    spans_ = 0;
  }

  std::string_view path() const override { return "/v0.4/traces"; }

 private:
  static constexpr std::size_t kKeptBytes = 1 << 20;

  void write(std::string_view text) { write_text(out_, tidy(text, repaired_)); }

  const Prepared::Piece& texts_of(std::uint16_t carried, const trace::ProcessFacts& facts) {
    return prepared_.texts(carried, [&](std::uint16_t flags, Prepared::Piece& piece) {
      for_each_text_fact(flags, facts, [&](std::string_view key, std::string_view value) {
        Buffer bytes;
        write_text(bytes, key);
        write_text(bytes, tidy(value, repaired_));
        piece.bytes += bytes.view();
        ++piece.count;
      });
    });
  }
  const Prepared::Piece& numbers_of(std::uint16_t carried, const trace::ProcessFacts& facts) {
    return prepared_.numbers(carried, [&](std::uint16_t flags, Prepared::Piece& piece) {
      for_each_number_fact(flags, facts, [&](std::string_view key, double value) {
        Buffer bytes;
        write_text(bytes, key);
        bytes.advance_to(put_double(bytes.room(9), value));
        piece.bytes += bytes.view();
        ++piece.count;
      });
    });
  }

  // An attribute that a field of the span replaces.
  bool hidden(const trace::Span& span, const trace::Attribute& attribute) const {
    return span.events() && !native_events_ && attribute.key.view() == kEventsTag;
  }

  void write_span(const trace::Span& span, const trace::Delivery& delivery,
                  const trace::ProcessFacts& facts) {
    const std::uint16_t flags = flags_of(span, delivery);
    const Prepared::Piece& text_facts = texts_of(flags, facts);
    const Prepared::Piece& number_facts = numbers_of(flags, facts);
    const bool events_text = span.events() && !native_events_;
    std::uint32_t texts = text_facts.count + events_text, numbers = number_facts.count;
    for (const trace::Attribute* a = span.attributes; a; a = a->next) {
      if (a->kind != trace::AttributeKind::kText)
        ++numbers;
      else if (!hidden(span, *a))
        ++texts;
    }
    for_each_trace_text(flags, delivery, [&](auto&&...) { ++texts; });
    for_each_trace_number(span, flags, delivery, keep_rate_, [&](auto&&...) { ++numbers; });
    const bool typed = span.type.size != 0;

    const std::uint32_t fields = 7 + (span.parent_id != 0) + (span.error != 0) + (texts != 0) +
                                 (numbers != 0) + typed + (span.structs() != nullptr) +
                                 (span.links() != nullptr) + (span.events() && native_events_);
    char* at = out_.room(16);
    at = put_map(at, fields);
    at = put_literal(at, "service");
    out_.advance_to(at);
    write(span.service.view());
    out_.advance_to(put_literal(out_.room(16), "name"));
    write(span.name.view());
    out_.advance_to(put_literal(out_.room(16), "resource"));
    write(span.resource.view());

    at = out_.room(160);
    at = put_unsigned(put_literal(at, "trace_id"), delivery.trace_id.low);
    at = put_unsigned(put_literal(at, "span_id"), span.id);
    if (span.parent_id) at = put_unsigned(put_literal(at, "parent_id"), span.parent_id);
    at = put_signed(put_literal(at, "start"), span.start_ns);
    at = put_signed(put_literal(at, "duration"), span.duration_ns);
    if (span.error) {
      at = put_literal(at, "error");
      *at++ = 1;
    }
    if (texts) at = put_map(put_literal(at, "meta"), texts);
    out_.advance_to(at);
    if (texts) write_texts(span, delivery, text_facts, flags);
    if (numbers) write_numbers(span, delivery, number_facts, numbers, flags);
    if (typed) {
      out_.advance_to(put_literal(out_.room(16), "type"));
      write(span.type.view());
    }
    if (span.structs()) {
      out_.advance_to(put_literal(out_.room(16), "meta_struct"));
      write_structs(out_, span.structs(), repaired_);
    }
    if (span.links()) {
      out_.advance_to(put_literal(out_.room(16), "span_links"));
      write_links(out_, span.links(), repaired_);
    }
    if (span.events() && native_events_) {
      out_.advance_to(put_literal(out_.room(16), "span_events"));
      write_events(out_, span.events(), repaired_);
    }
  }

  void write_texts(const trace::Span& span, const trace::Delivery& delivery,
                   const Prepared::Piece& facts, std::uint16_t flags) {
    for (const trace::Attribute* a = span.attributes; a; a = a->next) {
      if (a->kind != trace::AttributeKind::kText || hidden(span, *a)) continue;
      write(a->key.view());
      write(a->text.view());
    }
    out_.append(facts.bytes);
    for_each_trace_text(flags, delivery, [&](std::string_view key, std::string_view value) {
      write_text(out_, key);
      write(value);
    });
    if (span.events() && !native_events_) {
      std::string text;
      append_events_json(text, span.events());
      write_text(out_, kEventsTag);
      write(text);
    }
  }

  void write_numbers(const trace::Span& span, const trace::Delivery& delivery,
                     const Prepared::Piece& facts, std::uint32_t numbers, std::uint16_t flags) {
    out_.advance_to(put_map(put_literal(out_.room(16), "metrics"), numbers));
    const auto one = [&](double value) { out_.advance_to(put_double(out_.room(9), value)); };
    for (const trace::Attribute* a = span.attributes; a; a = a->next) {
      if (a->kind == trace::AttributeKind::kText) continue;
      write(a->key.view());
      one(a->kind == trace::AttributeKind::kInt ? static_cast<double>(a->integer) : a->real);
    }
    out_.append(facts.bytes);
    for_each_trace_number(span, flags, delivery, keep_rate_,
                          [&](std::string_view key, double value) {
                            write_text(out_, key);
                            one(value);
                          });
  }

  const FactsSource facts_;
  const bool native_events_;
  std::uint64_t revision_ = 0;
  Prepared prepared_;
  Buffer out_;
  std::string repaired_;
};

}  // namespace

std::unique_ptr<TraceEncoder> make_v04(FactsSource facts, bool native_events) {
  return std::make_unique<V04>(facts, native_events);
}

}  // namespace dd::encoding
