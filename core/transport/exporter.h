// Sends finished traces to the agent: a bounded queue, a job of the worker, one connection.
//
//   accept()  application threads: one push, no lock, no system call but a wake-up now and then
//   worker    encodes what was pushed, gives its memory back, sends, tries again, counts
//             (core/transport/worker.h).
//
// What is accepted is sent, dropped for a counted reason, or still pending: the sums agree at any
// time the worker rests. Until an agent has answered at most kUnknownBytes of payload are kept, and
// kUnreachableBytes while attempts fail.
// After a fork the child starts empty: what was queued belongs to its parent.
// Source: WRITER.md sections 2, 3, 5, 8.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/encoding/encoder.h"
#include "core/trace/tracer.h"
#include "core/transport/courier.h"
#include "core/transport/estate.h"
#include "core/transport/health.h"
#include "core/transport/shared_flag.h"
#include "core/transport/spill.h"
#include "core/transport/worker.h"

namespace dd::transport {

enum class Screened : std::uint8_t { kSend, kFiltered };

struct Options {
  std::string url = "http://localhost:8126";
  std::size_t buffer_bytes = 20 << 20;  // of encoded traces
  std::size_t chunk_bytes = 20 << 20;   // of one encoded chunk
  std::int64_t interval_ns = 1'000'000'000;
  std::int64_t timeout_ns = 2'000'000'000;
  bool v05 = true;
  bool native_events = false;  // with v0.4: events as a field of their own
  Headers headers;             // on every request
  encoding::FactsSource facts = nullptr;
  // The agent's sampling rates, on the worker: begin (key empty), each, end (key empty, rate < 0).
  void (*on_rate)(std::string_view service_and_env, double rate) = nullptr;
  // Each complete answer of the agent, on the worker, before its rates.
  void (*on_response)(const Response& response) = nullptr;
  // A payload of so many bytes was taken, on the worker.
  void (*on_sent)(std::size_t bytes) = nullptr;
  void (*on_failed)(int status) = nullptr;  // a payload, after every attempt; 0: no answer
  // Headers that change: called for each request, on the worker.
  void (*add_headers)(Headers& headers) = nullptr;
  // Another form than the agent's.
  std::unique_ptr<encoding::TraceEncoder> (*make_encoder)() = nullptr;
  // Sees each delivery before anything else. On the worker.
  void (*look)(const trace::Delivery& delivery) = nullptr;
  // Payloads are sent as this makes them, when it can, with Content-Encoding: zstd. On the worker.
  bool (*compress)(std::string_view text, std::string& out) = nullptr;
  bool at_once = false;       // accept() sends, and waits for the answer
  Spill* spill = nullptr;     // where payloads go that nobody takes; null: they are dropped
  Estate* estate = nullptr;   // where copies are that outlive the process; null: nowhere
  Health* health = nullptr;   // told what becomes of chunks and requests; null: nobody wants it
  bool counts_chunks = true;  // X-Datadog-Trace-Count
  bool tells_drops = true;    // headers about what was dropped as unsampled
  bool shows_lost = false;    // logs payloads that were not taken, in hexadecimal
  int attempts = 6;
  std::int64_t first_delay_ns = kFirstDelayNs;  // between attempts; doubles
  // Looks at each delivery before it is encoded and may shorten its list (spans, count) to what
  // must be sent; the rest is dropped as kUnsampled and the agent is told how much. What it answers
  // kFiltered to is dropped whole as kFiltered and nobody is told. On the worker.
  Screened (*screen)(trace::Delivery& delivery) = nullptr;
};

enum class Drop : std::uint8_t {
  kQueueFull,   // the worker could not keep up
  kBufferFull,  // encoded, but nobody took it away in time
  kTooLarge,    // one chunk larger than allowed, or than the buffer
  kUnsent,      // every attempt failed
  kSpilled,     // on disk at the end of the process, for the next
  kUnanswered,  // handed over, but the process ended before the answer
  kRejected,    // the agent does not speak this version
  kClosed,      // after shutdown
  kUnsampled,   // not to be kept, and counted in the statistics
  kFiltered,    // the agent's configuration wants it dropped
  kCount
};

struct Volume {
  std::uint64_t traces = 0, spans = 0;
};
struct Stats {  // of this process
  Volume accepted, sent, pending;
  Volume dropped[static_cast<int>(Drop::kCount)];
  std::uint64_t requests = 0, failures = 0, bytes_sent = 0;
  Volume dropped_in_all() const {
    Volume sum;
    for (const Volume& one : dropped) sum = {sum.traces + one.traces, sum.spans + one.spans};
    return sum;
  }
};

class Exporter final : public trace::Sink, private Job {
 public:
  static constexpr std::size_t kWakeBytes = 256 << 10;   // of arenas: time to encode
  static constexpr std::size_t kQueueBytes = 8 << 20;    // of arenas, and one delivery
  static constexpr std::size_t kSendBytes = 512 << 10;   // of payload: no waiting for the interval
  static constexpr std::size_t kUnknownBytes = 8 << 20;  // of payload, before the first answer
  static constexpr std::size_t kUnreachableBytes = 1 << 20;  // of payload, while attempts fail

  // Nothing is opened or started yet. An error: the URL cannot be used.
  static Result<std::unique_ptr<Exporter>> make(Options options);
  ~Exporter() override;
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  void accept(trace::Delivery* delivery) override;  // any thread
  // Sends what was accepted before. True when nothing is left; false at the timeout, or after one
  // failed attempt to reach the agent (what is left stays). Any thread but the worker; release the
  // GIL first.
  bool flush(std::int64_t timeout_ns);
  // The same for ends of the process that cannot wait: also false when what is on its way
  // is not worth waiting for (Courier). Safe in a signal handler.
  bool flush_suddenly(std::int64_t timeout_ns);
  // From the next payload on. Any thread; what is encoded already goes as it is.
  void use_v04() { v04_wanted_.store(true, std::memory_order_relaxed); }
  Stats stats() const;

 private:
  struct Counter {
    std::atomic<std::uint64_t> traces{0}, spans{0};
    void add(std::uint64_t more_traces, std::uint64_t more_spans) {
      traces.fetch_add(more_traces, std::memory_order_relaxed);
      spans.fetch_add(more_spans, std::memory_order_relaxed);
    }
    Volume read() const {
      return {traces.load(std::memory_order_relaxed), spans.load(std::memory_order_relaxed)};
    }
    void reset() {
      traces.store(0, std::memory_order_relaxed);
      spans.store(0, std::memory_order_relaxed);
    }
  };

  Exporter(Options options, Address address);
  bool wait_for_flush(std::int64_t timeout_ns, bool suddenly);
  std::int64_t turn(const Turn& turn) override;
  void add_polls(std::vector<pollfd>& polls) override;
  bool idle() const override;
  void end() override;
  void forked(bool whole) override;

  void drain();
  void take_payload();
  void send_payload();
  void end_request(Courier::End end);
  void hear_rates(std::string_view body);
  void discard_payload(Drop why);
  void switch_to_v04();
  std::unique_ptr<encoding::TraceEncoder> make_encoder() const;
  void complain();
  void tell_balance() const;
  void tell_health(Courier::End end);
  // What is due for the copy that outlives the process; writing it.
  bool estate_is_due(std::int64_t now);
  void write_estate();
  // The same payload, or what is encoded: on disk; false: it is not.
  bool spill_payload();
  bool spill_encoded();
  void take_spilled(const Turn& turn);
  void forget_spilled();
  Counter& dropped(Drop why) { return dropped_[static_cast<int>(why)]; }

  const Options options_;
  const Address address_;

  // Shared with application threads.
  std::atomic<trace::Delivery*> head_{nullptr};
  std::atomic<std::size_t> queued_bytes_{0};
  std::atomic<bool> armed_{false};  // the worker will look again without being woken
  std::atomic<bool> closed_{false}, v04_wanted_{false};
  std::atomic<std::uint32_t> flush_wanted_{0}, flush_done_{0};
  std::atomic<bool> flush_clean_{false};
  Counter accepted_, sent_, dropped_[static_cast<int>(Drop::kCount)];
  std::atomic<std::uint64_t> bytes_sent_{0};

  // The worker's own.
  std::unique_ptr<encoding::TraceEncoder> encoder_;
  Courier courier_;
  encoding::Buffer payload_;
  std::string compressed_;  // of it, or empty
  Spill::Payload spilled_;  // what is in payload_, when it is of the disk
  Volume spilled_volume_;   // of this process, on disk
  std::int64_t next_probe_ns_ = 0;
  Volume payload_volume_;
  Volume unsaid_, payload_unsaid_;  // kUnsampled and not told yet; told by the payload
  std::string payload_path_;
  Headers request_headers_;
  std::int64_t deadline_ns_ = 0;
  std::int64_t look_ns_ = 0;  // for the estate; 0: nothing came since the last
  std::uint64_t told_attempts_ = 0, told_overflow_ = 0;  // to health
  SharedFlag complained_;                                // of the outage that lasts
  bool gave_up_ = false;
  // Keep rate: what was accepted and dropped in the last windows, one a payload.
  static constexpr int kWindows = 10;
  Volume accepted_before_, dropped_before_;
  std::uint64_t window_accepted_[kWindows] = {}, window_dropped_[kWindows] = {};
  int window_ = 0;
};

}  // namespace dd::transport
