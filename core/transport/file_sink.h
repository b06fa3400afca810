// Traces as lines of JSON in a file, besides whatever else takes them: DD_TRACE_ALSO_FILE.
//
// A queue of its own on the worker, with its own count of what was dropped: a full disk, or a pipe
// that nobody reads, keeps nobody else waiting. Lines are whole: {"traces": [[span, ...]]}, as
// encoding::log_line writes them. A forked child goes on writing to the same file.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/trace/tracer.h"
#include "core/transport/worker.h"

namespace dd::transport {

class FileSink final : public trace::Sink, private Job {
 public:
  struct Stats {  // chunks; accepted = written + dropped + pending
    std::uint64_t accepted = 0, written = 0, dropped = 0, pending = 0;
  };
  static constexpr std::size_t kQueueBytes = 8 << 20;  // of arenas, and of text
  static constexpr std::int64_t kIntervalNs = 1'000'000'000;

  explicit FileSink(std::string path);
  ~FileSink() override;
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  void accept(trace::Delivery* delivery) override;  // any thread
  // True when nothing is left. Any thread but the worker.
  bool flush(std::int64_t timeout_ns);
  Stats stats() const;

 private:
  std::int64_t turn(const Turn& turn) override;
  void add_polls(std::vector<pollfd>& polls) override;
  bool idle() const override;
  void end() override;
  void forked(bool whole) override;

  trace::Delivery* take();
  void drain();
  void write_out();
  void drop(std::uint64_t chunks) { dropped_.fetch_add(chunks, std::memory_order_relaxed); }

  const std::string path_;
  std::atomic<trace::Delivery*> head_{nullptr};
  std::atomic<std::size_t> queued_bytes_{0};
  std::atomic<std::uint64_t> accepted_{0}, written_{0}, dropped_{0};
  std::atomic<std::uint32_t> flush_wanted_{0}, flush_done_{0};
  std::atomic<bool> closed_{false};

  // The worker's own.
  int file_ = -1;
  std::string text_;         // lines on their way
  std::size_t done_ = 0;     // of text_, written
  std::uint64_t lines_ = 0;  // in text_
  std::int64_t due_ns_ = 0;
  bool complained_ = false, gave_up_ = false;
};

}  // namespace dd::transport
