// Turns deliveries into the body of one request to the agent.
//
// add() encodes a chunk at once and keeps nothing of it, so its memory can be given back. It either
// takes the whole chunk or leaves the payload as it was. One thread at a time.
// Source: WRITER.md section 4, WIRE.md section 2.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/encoding/buffer.h"
#include "core/trace/segment.h"
#include "core/trace/tracer.h"

namespace dd::encoding {

class TraceEncoder {
 public:
  virtual ~TraceEncoder() = default;
  // False when the payload would grow past `limit_bytes`.
  [[nodiscard]] virtual bool add(const trace::Delivery& delivery, std::size_t limit_bytes) = 0;
  virtual std::size_t bytes() const = 0;  // of the body, nearly
  // The body, into `out`; the encoder is empty afterwards.
  virtual void take(Buffer& out) = 0;
  virtual std::string_view path() const = 0;  // "/v0.4/traces"
  virtual std::string_view content_type() const { return "application/msgpack"; }

  // The body as it is now, for who keeps a copy: lead, first, middle, second. Until take() `first`
  // and `second` only grow. False: this form has no such parts.
  struct Parts {
    std::string_view lead, first, middle, second;
    char room[2][8] = {};  // of lead and middle
  };
  virtual bool parts(Parts& out) const {
    (void)out;
    return false;
  }

  std::uint32_t chunks() const { return chunks_; }
  std::uint64_t spans() const { return spans_; }
  void clear() {
    Buffer nowhere;
    take(nowhere);
  }
  // `_dd.tracer_kr` of the chunks to come.
  void set_keep_rate(double rate) { keep_rate_ = rate; }

 protected:
  std::uint32_t chunks_ = 0;
  std::uint64_t spans_ = 0;
  double keep_rate_ = 1.0;
};

// `facts` must outlive the encoder's use; it is asked for at each chunk, and what is prepared from
// it is made again when its revision changes.
using FactsSource = const trace::ProcessFacts& (*)();
// `native_events`: events as a field of their own instead of JSON in the tag `events`.
std::unique_ptr<TraceEncoder> make_v04(FactsSource facts, bool native_events = false);
std::unique_ptr<TraceEncoder> make_v05(FactsSource facts);

}  // namespace dd::encoding
