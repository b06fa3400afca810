// Makes spans, ends them, and hands complete chunks to the sinks.
//
// One per process. Any thread; a span belongs to the thread that writes it. Nothing here knows
// Python: what is the *active* span is the business of core/tracing.
// Source: SPAN.md sections 8 to 11.

#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "core/trace/segment.h"
#include "core/trace/span.h"

namespace dd::trace {

// Receives deliveries and owns them (ends with Delivery::drop). Must not block: the caller is an
// application thread.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void accept(Delivery* delivery) = 0;
};

struct StartOptions {
  std::string_view name;
  std::string_view service{};   // null data: inherit from the parent, else the process' service
  std::string_view resource{};  // null data: the name
  std::string_view type{};
  const Span* parent = nullptr;    // local parent
  Segment* segment = nullptr;      // context without a local parent (remote, or only baggage)
  std::uint64_t parent_id = 0;     // with `segment`
  const Span* active_root = nullptr;  // of the caller's context, for the version tag (trap 7)
  std::int64_t start_ns = 0;       // 0: now
};

// What is the same for all spans of the process; replaced as a whole (configuration, fork).
struct ProcessFacts {
  std::string service;       // empty: none could be told
  bool service_is_inferred = false;
  std::string env, version;
  std::string runtime_id;    // 32 hexadecimal digits
  std::string process_tags;  // "entrypoint.basedir:x,..." or empty
  std::string hostname;      // only when it is to be reported
  std::int64_t pid = 0;
  std::uint64_t revision = 0;  // grows with every replacement: prepared bytes are keyed by it
};

struct Counts {  // since the process started, or was forked
  std::uint64_t spans_created, spans_finished;
  std::uint64_t spans_delivered;        // given to a sink
  std::uint64_t spans_dropped_unsent;   // disabled, discarded, no sink
};

class Tracer {
 public:
  static Tracer& get();

  // Never null; not yet delivered, unfinished. The caller holds span->chunk (see Chunk::retain).
  Span* start(const StartOptions& options);
  // Once; later calls do nothing. `end_ns` 0: now. May deliver.
  void finish(Span* span, std::int64_t end_ns = 0);
  // An unsealed copy of a sealed span, in a chunk of its own that is never sent; for late writes.
  Span* thaw(const Span& sealed);

  bool enabled() const { return enabled_.load(std::memory_order_relaxed); }
  void set_enabled(bool on) { enabled_.store(on, std::memory_order_relaxed); }
  void add_sink(Sink* sink);
  Counts counts() const;

  const ProcessFacts& facts() const;  // never dangles: replaced versions are kept
  void set_facts(ProcessFacts facts);

 private:
  std::atomic<bool> enabled_{true};
};

}  // namespace dd::trace
