// The local part of one trace: what its spans and contexts share by reference.
//
//   Segment  identity, sampling priority, origin, propagated tags, baggage; counts of spans.
//            Contexts extracted from headers have one before any span exists.
//   Chunk    an arena and the spans made in it; the unit that is handed to the sinks. A segment
//            that lives long makes one chunk after another (partial flush).
//
// Both are reference counted, with atomic counts, since the sending thread drops them. Everything
// else of a segment is written by application threads under `mutex`.
// Source: SPAN.md sections 6, 8, 10, 11.

#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/arena.h"
#include "core/base/mutex.h"
#include "core/trace/span.h"

namespace dd::trace {

template <class T>
class [[nodiscard]] Shared {  // an owning reference to an intrusively counted object
 public:
  Shared() = default;
  static Shared adopt(T* object) { return Shared(object); }
  static Shared share(T* object) {
    if (object) object->retain();
    return Shared(object);
  }
  Shared(const Shared& other) : Shared(share(other.object_)) {}
  Shared(Shared&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Shared() {
    if (object_) object_->release();
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  T* detach() { return std::exchange(object_, nullptr); }

 private:
  explicit Shared(T* object) : object_(object) {}
  T* object_ = nullptr;
};

class Chunk {
 public:
  static Shared<Chunk> make(Shared<Segment> segment);

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  bool try_retain();  // false when the last reference is gone
  void release();     // any thread

  base::Arena arena;
  Segment* segment() const { return segment_.get(); }
  // No span will be made in it any more: from here on other threads may let go of it.
  void close() { open_ = false; }

 private:
  Chunk(base::Arena&& memory, Shared<Segment>&& segment)
      : arena(std::move(memory)), segment_(std::move(segment)) {}
  ~Chunk() = default;
  std::atomic<std::uint32_t> references_{1};
  bool open_ = true;
  Shared<Segment> segment_;
};

// What the sinks get: finished spans of one trace, oldest first, all sealed. Lives in the arena of
// its own first span's chunk; `next` is for whoever queues it.
struct Delivery {
  Delivery* next = nullptr;
  Span* const* spans = nullptr;
  std::uint32_t count = 0;
  // Who tells what is true of the whole trace: its first span, also when that is not sent in the
  // end, and the first that a rule of its own kept, which may go without the others (null: none).
  const Span* head = nullptr;
  const Span* second_head = nullptr;
  TraceId trace_id;
  std::optional<int> priority;
  Text origin;
  Text maker;               // of the decision, when no span has it as a tag
  std::uint32_t bytes = 0;  // of the arenas it keeps alive, for the queue's limit
  std::uint64_t fork_generation = 0;
  Chunk* const* chunks = nullptr;  // held references, released by drop()
  std::uint32_t chunk_count = 0;

  // Gives back what it holds; the delivery itself is gone with it. Any thread, once.
  static void drop(Delivery* delivery);
};

// A small ordered map of texts; a trace has a handful of entries.
using Entries = std::vector<std::pair<std::string, std::string>>;

// What core/trace/otel_state.h will write: nothing, randomness and threshold, or whatever is there
// already without its threshold.
enum class OtelNote : std::uint8_t { kNothing, kRate, kNoRate };

class Segment {
 public:
  static Shared<Segment> make(TraceId trace_id);
  // The same identity, priority, origin, tags and baggage without spans: what a forked child goes
  // on with.
  Shared<Segment> copy();
  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();  // any thread

  // _dd.p.*, baggage.*, tracestate, traceparent, _dd.parent_id ... Under mutex.
  Entries& meta() {
    write_entries();
    return meta_;
  }
  const Entries& meta() const {
    write_entries();
    return meta_;
  }
  // Who decided about sampling (`_dd.p.dm`), when the trace does not say so already. Most traces
  // are sent without anybody looking at their entries: this one is made when they do. Under mutex.
  void set_maker(int mechanism);
  // Empty: it is an entry, or nobody has decided.
  std::string_view unwritten_maker() const;
  // As it was before it became an entry, too.
  std::string_view maker() const;
  const Entries& written_meta() const { return meta_; }
  // Headers were made of the fields of a trace that had no entries: those that making them leaves
  // behind (its identity, and what was decided) are entries when somebody looks. Under mutex.
  void note_told() { told_ = true; }
  bool told() const { return told_; }

  TraceId trace_id;
  std::uint64_t fork_generation = 0;  // spans of an ancestor process are never delivered
  base::HostMutex mutex;

  // --- under mutex -------------------------------------------------------------------------
  std::uint32_t started = 0;   // spans made and not yet delivered
  std::uint32_t sequence = 0;  // spans made, ever
  Chunk* current = nullptr;  // where the next span is made; not owned: a chunk that dies clears it
  std::optional<int> priority;
  bool discarded = false;  // a rule dropped this trace for good
  bool otel_keep = false;
  OtelNote otel = OtelNote::kNothing;
  double otel_rate = 1;
  char high_digits[16] = {};  // of the trace id, once a chunk of it is complete; written once
  std::vector<Span*> done;    // finished, not delivered; their chunks are in `held`
  std::vector<Shared<Chunk>> held;
  std::vector<std::pair<std::string, double>> metrics;
  Entries baggage;
  std::string origin;

  // What shows the three maps to Python, or null. Cleared by core/tracing, under the GIL.
  void* views[3] = {};

 private:
  Segment() = default;
  ~Segment() = default;
  void clear();
  void write_entries() const {
    write_maker();
    if (told_) [[unlikely]]
      write_told();
  }
  void write_maker() const;
  void write_told() const;
  std::atomic<std::uint32_t> references_{1};
  std::int8_t maker_ = -1;
  mutable bool maker_is_written_ = false, told_ = false;
  mutable Entries meta_;
  friend struct SegmentPool;
};

// Reads and writes `entries` by name.
const std::string* find_entry(const Entries& entries, std::string_view name);
void set_entry(Entries& entries, std::string_view name, std::string_view value);
void move_entry(Entries& entries, std::string_view name, std::string&& value);
bool remove_entry(Entries& entries, std::string_view name);

}  // namespace dd::trace
