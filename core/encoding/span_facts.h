// What a span carries besides its stored attributes: the facts behind its flags, the origin, the
// sampling priority and the keep rate. One list for all encoders.
//
// Most facts are the same for a whole process, so an encoder prepares their bytes once for each
// combination of flags (Prepared) and copies them. Source: WIRE.md section 2.4.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/hex.h"
#include "core/trace/segment.h"
#include "core/trace/tracer.h"

namespace dd::encoding {

// The flags as they are sent: of this chunk's heads, whatever the span was in another.
inline std::uint16_t flags_of(const trace::Span& span, const trace::Delivery& delivery) {
  const bool head = &span == delivery.head || &span == delivery.second_head;
  return static_cast<std::uint16_t>(head ? span.flags | trace::kChunkHead
                                         : span.flags & ~trace::kChunkHead);
}

// Calls text(key, value) for the texts of the process that spans with these flags carry. Empty
// values are left out.
template <class F>
void for_each_text_fact(std::uint16_t flags, const trace::ProcessFacts& facts, F&& text) {
  const auto one = [&](std::uint16_t flag, std::string_view key, std::string_view value) {
    if ((flags & flag) && !value.empty()) text(key, value);
  };
  one(trace::kLocalRoot, "runtime-id", facts.runtime_id);
  one(trace::kEnv, "env", facts.env);
  one(trace::kVersion, "version", facts.version);
  one(trace::kChunkHead, "language", facts.otel_semantics ? "" : "python");
  one(trace::kChunkHead, "_dd.tags.process", facts.process_tags);
  one(trace::kChunkHead, "_dd.git.repository_url", facts.git_repository);
  one(trace::kChunkHead, "_dd.git.commit.sha", facts.git_commit);
  one(trace::kChunkHead, "_dd.python_main_package", facts.main_package);
}

// Calls number(key, value) for the numbers of the process.
template <class F>
void for_each_number_fact(std::uint16_t flags, const trace::ProcessFacts& facts, F&& number) {
  if (flags & trace::kTopLevel) number("_dd.top_level", 1.0);
  if (flags & trace::kMeasured) number("_dd.measured", 1.0);
  if (flags & trace::kLocalRoot) number("process_id", static_cast<double>(facts.pid));
}

// Calls text(key, value) for the texts of the trace: few spans have any.
template <class F>
void for_each_trace_text(std::uint16_t flags, const trace::Delivery& delivery, F&& text) {
  if (delivery.origin.size) text("_dd.origin", delivery.origin.view());
  if ((flags & trace::kChunkHead) && delivery.trace_id.high) {
    char digits[16];
    base::hex16(delivery.trace_id.high, digits);
    text("_dd.p.tid", std::string_view(digits, sizeof(digits)));
  }
  if ((flags & trace::kChunkHead) && delivery.maker.size) text("_dd.p.dm", delivery.maker.view());
}

// Calls number(key, value) for the numbers of the trace, and of the sender for its first span.
template <class F>
void for_each_trace_number(const trace::Span& span, std::uint16_t flags,
                           const trace::Delivery& delivery, double keep_rate, F&& number) {
  if (!(flags & trace::kChunkHead)) return;
  if (&span == delivery.head) number("_dd.tracer_kr", keep_rate);
  if (delivery.priority) number("_sampling_priority_v1", static_cast<double>(*delivery.priority));
}

// Bytes prepared for each combination of the flags that matter.
class Prepared {
 public:
  struct Piece {
    std::string bytes;
    std::uint32_t count = 0;  // pairs in it
    bool made = false;
  };
  static constexpr std::uint16_t kTextFlags =
      trace::kLocalRoot | trace::kEnv | trace::kVersion | trace::kChunkHead;
  static constexpr std::uint16_t kNumberFlags =
      trace::kLocalRoot | trace::kTopLevel | trace::kMeasured;

  // The pieces of a span; made by make(flags, piece) when they are wanted first.
  template <class F>
  const Piece& texts(std::uint16_t flags, F&& make) {
    return get(texts_[slot(flags & kTextFlags)], flags & kTextFlags, make);
  }
  template <class F>
  const Piece& numbers(std::uint16_t flags, F&& make) {
    return get(numbers_[slot(flags & kNumberFlags)], flags & kNumberFlags, make);
  }
  void clear() {
    for (Piece& piece : texts_) piece.made = false;
    for (Piece& piece : numbers_) piece.made = false;
  }

 private:
  static constexpr int kSlots = 64;
  static_assert((kTextFlags | kNumberFlags) >> 2 < kSlots && !((kTextFlags | kNumberFlags) & 3));
  static unsigned slot(unsigned flags) { return flags >> 2; }

  template <class F>
  static const Piece& get(Piece& piece, unsigned flags, F& make) {
    if (!piece.made) [[unlikely]] {
      piece.bytes.clear();
      piece.count = 0;
      make(static_cast<std::uint16_t>(flags), piece);
      piece.made = true;
    }
    return piece;
  }
  Piece texts_[kSlots], numbers_[kSlots];
};

}  // namespace dd::encoding
