// Deliveries made by hand, for tests of what comes after the tracer.

#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "core/base/arena.h"
#include "core/trace/segment.h"

namespace dd::fakes {

class MadeTrace {
 public:
  explicit MadeTrace(trace::TraceId id = {0x6b016e6100000000, 7}) {
    delivery_.trace_id = id;
    delivery_.priority = 1;
  }

  trace::Span& span(std::string_view name, std::uint64_t id, std::uint64_t parent = 0) {
    auto* made = arena_.make<trace::Span>();
    made->name = trace::Text(arena_.copy(name));
    made->resource = made->name;
    made->service = trace::Text(std::string_view("shop"));
    made->id = id;
    made->chunk = chunk();
    made->segment = made->chunk->segment();
    made->parent_id = parent;
    made->start_ns = 1'700'000'000'000'000'000;
    made->duration_ns = 1'500'000;
    made->flags = trace::kFinished | trace::kSealed;
    if (spans_.empty()) made->flags |= trace::kLocalRoot | trace::kTopLevel | trace::kChunkHead;
    spans_.push_back(made);
    delivery_.spans = spans_.data();
    delivery_.head = spans_[0];
    delivery_.count = static_cast<std::uint32_t>(spans_.size());
    delivery_.bytes = static_cast<std::uint32_t>(arena_.bytes());
    return *made;
  }
  void tag(trace::Span& span, std::string_view key, std::string_view value) {
    set(span, key, value);
  }
  void metric(trace::Span& span, std::string_view key, double value) { set(span, key, value); }
  void count(trace::Span& span, std::string_view key, std::int64_t value) { set(span, key, value); }

  // For core/trace/link.h, whose functions need the chunk.
  trace::Chunk* chunk() {
    if (!chunk_) chunk_ = trace::Chunk::make(trace::Segment::make(delivery_.trace_id));
    return chunk_.get();
  }
  trace::Delivery& delivery() { return delivery_; }

 private:
  template <class T>
  void set(trace::Span& span, std::string_view key, T value) {
    span.flags = static_cast<std::uint16_t>(span.flags & ~trace::kSealed);
    span.set(trace::Key(key), value);
    span.flags |= trace::kSealed;
  }

  base::Arena arena_;
  trace::Shared<trace::Chunk> chunk_;
  std::vector<trace::Span*> spans_;
  trace::Delivery delivery_;
};

}  // namespace dd::fakes
