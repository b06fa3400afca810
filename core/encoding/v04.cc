#include <string>

#include "core/encoding/encoder.h"
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
  explicit V04(FactsSource facts) : facts_(facts) {}

  bool add(const trace::Delivery& delivery, std::size_t limit_bytes) override {
    if (out_.size() == 0) out_.advance_to(out_.room(kHeadRoom) + kHeadRoom);
    const std::size_t before = out_.size();
    const trace::ProcessFacts& facts = facts_();
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

  void take(Buffer& out) override {
    char head[kMaxHeader];
    const char* end = put_array(head, chunks_);
    out.truncate(0);
    out.append({head, static_cast<std::size_t>(end - head)});
    if (out_.size() > kHeadRoom) out.append(out_.view().substr(kHeadRoom));
    if (out_.capacity() > kKeptBytes) out_.release();
    out_.truncate(0);
    chunks_ = 0;
    spans_ = 0;
  }

  std::string_view path() const override { return "/v0.4/traces"; }

 private:
  static constexpr std::size_t kKeptBytes = 1 << 20;

  void write(std::string_view text) { write_text(out_, tidy(text, repaired_)); }

  void write_span(const trace::Span& span, const trace::Delivery& delivery,
                  const trace::ProcessFacts& facts) {
    std::uint32_t texts = 0, numbers = 0;
    for (const trace::Attribute* a = span.attributes; a; a = a->next)
      ++(a->kind == trace::AttributeKind::kText ? texts : numbers);
    for_each_text_fact(span, delivery, facts, [&](auto&&...) { ++texts; });
    for_each_number_fact(span, facts, keep_rate_, [&](auto&&...) { ++numbers; });
    const bool typed = span.type.size != 0;

    const std::uint32_t fields =
        7 + (span.parent_id != 0) + (span.error != 0) + (texts != 0) + (numbers != 0) + typed;
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
    if (texts) write_texts(span, delivery, facts);
    if (numbers) write_numbers(span, facts, numbers);
    if (typed) {
      out_.advance_to(put_literal(out_.room(16), "type"));
      write(span.type.view());
    }
  }

  void write_texts(const trace::Span& span, const trace::Delivery& delivery,
                   const trace::ProcessFacts& facts) {
    for (const trace::Attribute* a = span.attributes; a; a = a->next) {
      if (a->kind != trace::AttributeKind::kText) continue;
      write(a->key.view());
      write(a->text.view());
    }
    for_each_text_fact(span, delivery, facts, [&](std::string_view key, std::string_view value) {
      write_text(out_, key);
      write(value);
    });
  }

  void write_numbers(const trace::Span& span, const trace::ProcessFacts& facts,
                     std::uint32_t numbers) {
    out_.advance_to(put_map(put_literal(out_.room(16), "metrics"), numbers));
    const auto one = [&](double value) { out_.advance_to(put_double(out_.room(9), value)); };
    for (const trace::Attribute* a = span.attributes; a; a = a->next) {
      if (a->kind == trace::AttributeKind::kText) continue;
      write(a->key.view());
      one(a->kind == trace::AttributeKind::kInt ? static_cast<double>(a->integer) : a->real);
    }
    for_each_number_fact(span, facts, keep_rate_, [&](std::string_view key, double value) {
      write_text(out_, key);
      one(value);
    });
  }

  const FactsSource facts_;
  Buffer out_;
  std::string repaired_;
};

}  // namespace

std::unique_ptr<TraceEncoder> make_v04(FactsSource facts) { return std::make_unique<V04>(facts); }

}  // namespace dd::encoding
