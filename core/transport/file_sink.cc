#include "core/transport/file_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/config/core_settings.h"
#include "core/encoding/json_traces.h"

namespace dd::transport {

FileSink::FileSink(std::string path) : path_(std::move(path)) { Worker::get().add(this); }

FileSink::~FileSink() {
  closed_.store(true);
  Worker::get().remove(this);
  for (trace::Delivery* at = take(); at;) trace::Delivery::drop(std::exchange(at, at->next));
  if (file_ >= 0) close(file_);
}

void FileSink::accept(trace::Delivery* delivery) {
  accepted_.fetch_add(1, std::memory_order_relaxed);
  const std::size_t bytes = std::max<std::size_t>(delivery->bytes, 1);
  if (closed_.load(std::memory_order_relaxed) ||
      queued_bytes_.load(std::memory_order_relaxed) >= kQueueBytes) {
    drop(1);
    return trace::Delivery::drop(delivery);
  }
  trace::Delivery* head = head_.load(std::memory_order_relaxed);
  do delivery->next = head;
  while (!head_.compare_exchange_weak(head, delivery, std::memory_order_release,
                                      std::memory_order_relaxed));
  if (queued_bytes_.fetch_add(bytes) == 0) Worker::get().wake();
}

bool FileSink::flush(std::int64_t timeout_ns) {
  const std::uint32_t mine = flush_wanted_.fetch_add(1) + 1;
  const std::int64_t until = base::monotonic_ns() + timeout_ns;
  Worker::get().wake();
  for (;;) {
    const std::uint32_t done = flush_done_.load();
    if (static_cast<std::int32_t>(done - mine) >= 0) return stats().pending == 0;
    const std::int64_t left = until - base::monotonic_ns();
    if (left <= 0) return false;
    futex_wait(flush_done_, done, left);
  }
}

FileSink::Stats FileSink::stats() const {
  Stats out{.accepted = accepted_.load(), .written = written_.load(), .dropped = dropped_.load()};
  out.pending = out.accepted - out.written - out.dropped;
  return out;
}

// Oldest first.
trace::Delivery* FileSink::take() {
  trace::Delivery *newest = head_.exchange(nullptr, std::memory_order_acquire), *oldest = nullptr;
  while (newest) {
    trace::Delivery* const next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  return oldest;
}

void FileSink::drain() {
  for (trace::Delivery* at = take(); at;) {
    trace::Delivery* const next = at->next;
    if (text_.size() - done_ >= kQueueBytes) {
      drop(1);
    } else {
      text_ += encoding::log_line(*at, trace::Tracer::get().facts(), true);
      ++lines_;
    }
    queued_bytes_.fetch_sub(std::max<std::size_t>(at->bytes, 1));
    trace::Delivery::drop(at);
    at = next;
  }
}

// What the file takes now. What it will never take is dropped.
void FileSink::write_out() {
  if (text_.empty()) return;
  if (file_ < 0) {
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
    if (file_ >= 0 && file_ <= 2) {  // a standard stream that the application closed
      const int higher = fcntl(file_, F_DUPFD_CLOEXEC, 3);
      close(std::exchange(file_, higher));
    }
  }
  while (file_ >= 0 && done_ < text_.size()) {
    const ssize_t got = write(file_, text_.data() + done_, text_.size() - done_);
    if (got > 0) {
      done_ += static_cast<std::size_t>(got);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      close(std::exchange(file_, -1));
    }
  }
  if (file_ >= 0) {
    written_.fetch_add(lines_, std::memory_order_relaxed);
  } else {
    base::log_once(complained_, base::LogLevel::kWarning,
                   path_ + ": " + std::strerror(errno) + "; traces are not written to it");
    drop(lines_);
  }
  text_.clear();
  done_ = lines_ = 0;
}

std::int64_t FileSink::turn(const Turn& turn) {
  const std::uint32_t wanted = flush_wanted_.load();
  const bool flushing = wanted != flush_done_.load(std::memory_order_relaxed);
  if (queued_bytes_.load() && !due_ns_) due_ns_ = turn.now_ns + kIntervalNs;
  if (flushing || turn.stopping || (due_ns_ && turn.now_ns >= due_ns_) || !text_.empty()) {
    due_ns_ = 0;
    drain();
    write_out();
  }
  if (flushing) {  // what a pipe does not take now is not waited for
    flush_done_.store(wanted);
    futex_wake(flush_done_);
  }
  if (turn.stopping && !text_.empty()) {  // a pipe that nobody reads
    gave_up_ = turn.now_ns >= turn.hopeless_at_ns;
    return turn.hopeless_at_ns;
  }
  return due_ns_ ? due_ns_ : text_.empty() ? kNever : turn.now_ns + kIntervalNs;
}

void FileSink::add_polls(std::vector<pollfd>& polls) {
  if (file_ >= 0 && !text_.empty()) polls.push_back({.fd = file_, .events = POLLOUT, .revents = 0});
}

bool FileSink::idle() const { return gave_up_ || (!queued_bytes_.load() && text_.empty()); }

void FileSink::end() {
  closed_.store(true);
  drain();
  write_out();
  drop(lines_);
  text_.clear();
  done_ = lines_ = 0;
  flush_done_.store(flush_wanted_.load());
  futex_wake(flush_done_);
}

// What was queued is the parent's; memory that another thread was changing is left behind.
void FileSink::forked(bool whole) {
  head_.store(nullptr);
  queued_bytes_.store(0);
  for (auto* count : {&accepted_, &written_, &dropped_}) count->store(0);
  flush_done_.store(flush_wanted_.load());
  closed_.store(false);
  gave_up_ = false;
  if (whole)
    text_.clear();
  else
    new (&text_) std::string;
  done_ = lines_ = 0;
  due_ns_ = 0;
}

}  // namespace dd::transport
