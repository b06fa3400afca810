// Makes spans, ends them, and hands complete chunks to the sinks.
//
// One per process. Any thread; a span belongs to the thread that writes it. Nothing here knows
// Python: what is the *active* span is the business of core/tracing.
// Source: SPAN.md sections 8 to 11.

#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
  Text known_name{};            // with a number: in place of the name
  std::string_view service{};   // null data: inherit from the parent, else the process' service
  Text known_service{};         // lives for ever, has a known source: in place of the service
  std::string_view resource{};  // null data: the name
  std::string_view type{};
  const Span* parent = nullptr;       // local parent
  Segment* segment = nullptr;         // context without a local parent (remote, or only baggage)
  std::uint64_t parent_id = 0;        // with `segment`
  const Span* active_root = nullptr;  // of the caller's context, for the version tag (trap 7)
  std::int64_t start_ns = 0;          // 0: now
  std::string_view service_source{};  // name of the integration whose default the service is
  Text known_source{};                // lives for ever: in place of that
};

// What is the same for all spans of the process; replaced as a whole (configuration, fork).
struct ProcessFacts {
  std::string service;  // empty: none could be told
  bool service_is_inferred = false;
  std::string first_service;  // before the application named itself in code; empty when it did not
  std::string base_service;   // the first, or the service, in lower case: made by set_facts()
  std::string env, version;
  std::string runtime_id;    // 32 hexadecimal digits
  std::string process_tags;  // "entrypoint.basedir:x,..." or empty
  std::string hostname;      // only when it is to be reported
  std::string git_repository, git_commit;
  std::string main_package;                                          // as DD_MAIN_PACKAGE names it
  std::vector<std::pair<std::string, std::string>> tags;             // DD_TAGS: on every span
  std::vector<std::pair<std::string, std::string>> service_mapping;  // from, to
  std::vector<std::pair<std::string, std::string>> peer_service_mapping;
  bool peer_service_defaults = false;
  bool wide_trace_ids = true;
  bool otel_semantics = false;            // spans say only what OpenTelemetry's conventions know
  std::uint32_t partial_flush_min = 300;  // 0: never
  // Who computes statistics keeps single spans of a trace: what is said of the trace goes on the
  // first of them, too.
  bool kept_spans_tell_trace = false;
  std::int64_t pid = 0;
  std::uint64_t revision = 0;  // grows with every replacement: prepared bytes are keyed by it
};

struct Counts {  // since the process started, or was forked
  std::uint64_t spans_created, spans_finished;
  std::uint64_t spans_delivered;       // given to a sink
  std::uint64_t spans_dropped_unsent;  // disabled, discarded, filtered, no sink
  std::uint64_t spans_abandoned;       // never finished, let go by their holder
  // created = delivered + dropped + abandoned + still open or waiting for their trace
  std::uint64_t created_by_otel, finished_by_otel;  // of those above
};

// Steps that other libraries put into the way of a chunk, between finish and the sinks.
struct ChunkHooks {
  // A span has just ended while tracing is on; its chunk does not have it yet. May add tags.
  void (*ended)(Span& span) = nullptr;
  // After that, and while tracing is off.
  void (*finished)(Span& span) = nullptr;
  // May change the spans and the list (user filters); an empty list drops the chunk. Spans that it
  // adds bring their chunk along.
  void (*filter)(std::vector<Span*>& spans, std::vector<Shared<Chunk>>& chunks) = nullptr;
  // Decides when the segment has no priority yet (core/sampling).
  void (*decide)(Segment& segment, Span& local_root) = nullptr;
  // After the decision: single-span rules, `discard`. False drops the chunk.
  bool (*decided)(Segment& segment, std::vector<Span*>& spans) = nullptr;
  // Somebody else's writer in place of the sinks; the spans are not sealed. False: those that are
  // left in `spans` go on.
  bool (*take)(std::vector<Span*>& spans) = nullptr;
  // Every chunk once, with all its spans, whatever became of it; before the sinks get it.
  void (*leave)(const std::vector<Span*>& spans) = nullptr;
};

class Tracer {
 public:
  static Tracer& get();

  // Never null. The caller gets one reference on span->chunk and gives it back (Chunk::release)
  // when it does not look at the span any more.
  Span* start(const StartOptions& options);
  // Once; later calls do nothing. `end_ns` 0: now. May deliver.
  void finish(Span* span, std::int64_t end_ns = 0);
  // OpenTelemetry's API has started it; counted.
  void mark_by_otel(Span& span);
  // For a span that will never be finished: its trace no longer waits for it.
  void abandon(Span* span);
  // An unsealed copy of a sealed span, in a chunk of its own that is never sent; for late writes.
  // The caller gets a reference as from start().
  Span* thaw(const Span& sealed);

  bool enabled() const { return enabled_.load(std::memory_order_relaxed); }
  void set_enabled(bool on) { enabled_.store(on, std::memory_order_relaxed); }
  void add_sink(Sink* sink);                // at most four; they live as long as the process
  void remove_sinks();                      // tests
  void set_hooks(const ChunkHooks& hooks);  // all of them: change a copy of hooks()
  ChunkHooks hooks() const;
  Counts counts() const;

  const ProcessFacts& facts() const;  // never dangles: replaced versions are kept
  void set_facts(ProcessFacts facts);

 private:
  constexpr Tracer() = default;
  Span* place(Segment& segment);
  enum class Ending : std::uint8_t { kFinished, kAbandoned, kUnwanted };
  void complete(Span* span, Ending ending);
  void deliver(Segment& segment, Span* root, std::vector<Span*>& spans,
               std::vector<Shared<Chunk>>& chunks, bool partial);
  void deliver_alone(Segment& segment, Span* span, const ChunkHooks* hooks);
  void send(Segment& segment, std::span<Span* const> spans, const Span* second_head,
            std::span<Chunk* const> chunks);
  static void after_fork();
  friend struct TracerForkRow;

  static constexpr int kMaxSinks = 4;
  std::atomic<bool> enabled_{true};
  std::atomic<const ProcessFacts*> facts_{nullptr};
  std::atomic<const ChunkHooks*> hooks_{nullptr};
  std::atomic<Sink*> sinks_[kMaxSinks] = {};
  std::atomic<int> sink_count_{0};
};

}  // namespace dd::trace
