#include "core/trace/segment.h"

#include "core/base/fork.h"
#include "core/base/hex.h"
#include "core/base/recycle.h"
#include "core/trace/otel_state.h"
#include "core/trace/tags.h"

namespace dd::trace {

const std::string* find_entry(const Entries& entries, std::string_view name) {
  for (const auto& [key, value] : entries)
    if (key == name) return &value;
  return nullptr;
}

void set_entry(Entries& entries, std::string_view name, std::string_view value) {
  for (auto& [key, known] : entries)
    if (key == name) {
      known.assign(value);
      return;
    }
  entries.emplace_back(name, value);
}

void move_entry(Entries& entries, std::string_view name, std::string&& value) {
  for (auto& [key, known] : entries)
    if (key == name) {
      known = std::move(value);
      return;
    }
  entries.emplace_back(name, std::move(value));
}

bool remove_entry(Entries& entries, std::string_view name) {
  for (auto at = entries.begin(); at != entries.end(); ++at)
    if (at->first == name) {
      entries.erase(at);
      return true;
    }
  return false;
}

// Released segments keep the room of their vectors for the next trace.
struct SegmentPool {
  static Segment* take() {
    void* const known = base::take_recycled(base::Recycled::kSegment, sizeof(Segment));
    return known ? static_cast<Segment*>(known) : new Segment;
  }
  static void give(Segment* segment) {
    segment->clear();
    if (!base::recycle(base::Recycled::kSegment, segment)) delete segment;
  }
};

namespace {

constexpr std::string_view kMakers[] = {"-0", "-1", "-2", "-3",  "-4",  "-5", "-6",
                                        "-7", "-8", "-9", "-10", "-11", "-12"};

}  // namespace

void Segment::set_maker(int mechanism) {
  if (!unwritten_maker().empty() || find_entry(meta_, tags::kDecisionMaker.text)) return;
  maker_ = static_cast<std::int8_t>(mechanism);
  maker_is_written_ = false;
}

std::string_view Segment::maker() const {
  return maker_ < 0 ? std::string_view() : kMakers[maker_];
}
std::string_view Segment::unwritten_maker() const {
  return maker_is_written_ ? std::string_view() : maker();
}

void Segment::write_maker() const {
  if (maker_ < 0 || maker_is_written_) return;
  maker_is_written_ = true;
  set_entry(meta_, tags::kDecisionMaker.text, maker());
}

void Segment::write_told() const {
  told_ = false;
  char digits[16];
  base::hex16(trace_id.high, digits);
  set_entry(meta_, tags::kTraceIdHigh.text, {digits, sizeof digits});
  otel::settle(const_cast<Segment&>(*this));
}

void Segment::clear() {
  priority.reset();
  if (!origin.empty()) origin.clear();
  meta_.clear();
  metrics.clear();
  baggage.clear();
  done.clear();
  held.clear();
  started = sequence = 0;
  current = nullptr;
  discarded = false;
  otel = OtelNote::kNothing;
  high_digits[0] = '\0';
  maker_ = -1;
  told_ = false;
}

Shared<Segment> Segment::make(TraceId trace_id) {
  Segment* segment = SegmentPool::take();
  segment->trace_id = trace_id;
  segment->fork_generation = base::fork_generation();
  segment->references_.store(1, std::memory_order_relaxed);
  return Shared<Segment>::adopt(segment);
}

Shared<Segment> Segment::copy() {
  Shared<Segment> made = make(trace_id);
  made->priority = priority;
  made->origin = origin;
  made->meta_ = meta();
  made->metrics = metrics;
  made->baggage = baggage;
  made->discarded = discarded;
  made->otel = otel;
  made->otel_keep = otel_keep;
  made->otel_rate = otel_rate;
  return made;
}

void Segment::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) SegmentPool::give(this);
}

Shared<Chunk> Chunk::make(Shared<Segment> segment) {
  base::Arena memory;
  void* place = memory.allocate(sizeof(Chunk), alignof(Chunk));
  return Shared<Chunk>::adopt(new (place) Chunk(std::move(memory), std::move(segment)));
}

bool Chunk::try_retain() {
  std::uint32_t known = references_.load(std::memory_order_relaxed);
  while (known != 0)
    if (references_.compare_exchange_weak(known, known + 1, std::memory_order_relaxed)) return true;
  return false;
}

void Chunk::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  // The chunk lives in its own arena: both must be out of it before the memory goes.
  base::Arena memory;
  Shared<Segment> segment = std::move(segment_);
  if (open_ && segment->fork_generation == base::fork_generation()) {
    const base::MutexLock lock(segment->mutex);
    if (segment->current == this) segment->current = nullptr;
  } else if (open_ && segment->current == this) {
    segment->current = nullptr;
  }
  memory.swap(arena);
  this->~Chunk();
}

void Delivery::drop(Delivery* delivery) {
  Chunk* const* chunks = delivery->chunks;
  const std::uint32_t count = delivery->chunk_count;
  // The delivery and its list live in the first chunk: that one goes last.
  for (std::uint32_t i = count; i-- > 1;) chunks[i]->release();
  if (count) chunks[0]->release();
}

}  // namespace dd::trace
