#include "core/trace/segment.h"

#include "core/base/fork.h"

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
  static constexpr int kMost = 128;
  base::Mutex mutex;
  Segment* free DD_GUARDED_BY(mutex) = nullptr;
  int count DD_GUARDED_BY(mutex) = 0;

  Segment* take() {
    {
      const base::MutexLock lock(mutex);
      if (Segment* segment = free) {
        free = segment->next_free_;
        --count;
        return segment;
      }
    }
    return new Segment;
  }
  void give(Segment* segment) {
    segment->clear();
    {
      const base::MutexLock lock(mutex);
      if (count < kMost) {
        segment->next_free_ = free;
        free = segment;
        ++count;
        return;
      }
    }
    delete segment;
  }
};

namespace {
constinit SegmentPool pool;
}  // namespace

void reset_segment_pool_after_fork() { pool.mutex.reset_after_fork(); }
void lock_segment_pool() DD_NO_THREAD_SAFETY { pool.mutex.lock(); }
void unlock_segment_pool() DD_NO_THREAD_SAFETY { pool.mutex.unlock(); }

void Segment::clear() {
  priority.reset();
  origin.clear();
  meta.clear();
  metrics.clear();
  baggage.clear();
  done.clear();
  held.clear();
  started = sequence = 0;
  current = nullptr;
  discarded = by_hand = false;
  otel = OtelNote::kNothing;
  high_digits[0] = '\0';
}

Shared<Segment> Segment::make(TraceId trace_id) {
  Segment* segment = pool.take();
  segment->trace_id = trace_id;
  segment->fork_generation = base::fork_generation();
  segment->references_.store(1, std::memory_order_relaxed);
  return Shared<Segment>::adopt(segment);
}

Shared<Segment> Segment::copy() {
  Shared<Segment> made = make(trace_id);
  made->priority = priority;
  made->origin = origin;
  made->meta = meta;
  made->metrics = metrics;
  made->baggage = baggage;
  made->discarded = discarded;
  made->by_hand = by_hand;
  made->otel = otel;
  made->otel_keep = otel_keep;
  made->otel_rate = otel_rate;
  return made;
}

void Segment::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) pool.give(this);
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
  if (segment->fork_generation == base::fork_generation()) {
    const base::MutexLock lock(segment->mutex);
    if (segment->current == this) segment->current = nullptr;
  } else if (segment->current == this) {
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
