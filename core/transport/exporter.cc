#include "core/transport/exporter.h"

#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/base/log.h"

namespace dd::transport {
namespace {

constexpr int kMaxAttempts = 6;
constexpr std::int64_t kMs = 1'000'000, kFirstDelayNs = 100 * kMs;
constexpr std::int64_t kSliceNs = 20 * kMs;  // how long a request may keep the worker from encoding
constexpr std::int64_t kHopelessNs = 100 * kMs;  // at the end, for an agent that never answered
constexpr std::int64_t kNever = INT64_MAX;

// One exporter a process in practice; tests have a few.
constexpr int kMaxExporters = 8;
constinit base::Mutex table_mutex;
constinit Exporter* table[kMaxExporters] = {};
constinit bool fork_handlers = false;

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen,
                std::int64_t timeout_ns) {
  timespec limit{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, seen, timeout_ns == kNever ? nullptr : &limit,
          nullptr, 0);
}

void futex_wake(const std::atomic<std::uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

std::size_t stack_bytes() {
  std::size_t bytes = 512 << 10;
#if defined(__SANITIZE_THREAD__)
  // In a forked child glibc would use the stack of the parent's worker again, and with it its
  // pthread_t, which ThreadSanitizer still knows as a living thread ("dup thread with used id").
  // A larger stack is a new one; below 2 MiB ThreadSanitizer would round both up to the same.
  bytes = (2 << 20) + (base::fork_generation() << 16);
#endif
  return bytes;
}

}  // namespace

Result<std::unique_ptr<Exporter>> Exporter::make(Options options) {
  Result<Address> address = parse_agent_url(options.url);
  if (!address.ok()) return address.status();
  return std::unique_ptr<Exporter>(new Exporter(std::move(options), std::move(address).value()));
}

Exporter::Exporter(Options options, Address address)
    : options_(std::move(options)), address_(std::move(address)) {
  encoder_ = options_.v05 ? encoding::make_v05(options_.facts) : encoding::make_v04(options_.facts, options_.native_events);
  const base::MutexLock lock(table_mutex);
  if (!fork_handlers) {
    base::on_fork(
        base::ForkOrder::kTransport,
        {&Exporter::prepare_fork, &Exporter::after_fork_parent, &Exporter::after_fork_child});
    fork_handlers = true;
  }
  Exporter** const free = std::find(table, table + kMaxExporters, nullptr);
  DD_CHECK(free != table + kMaxExporters);
  *free = this;
}

Exporter::~Exporter() {
  shutdown(0);
  {
    const base::MutexLock lock(table_mutex);
    std::replace(table, table + kMaxExporters, this, static_cast<Exporter*>(nullptr));
  }
  for (trace::Delivery* at = head_.exchange(nullptr, std::memory_order_acquire); at;) {
    trace::Delivery* const next = at->next;
    trace::Delivery::drop(at);
    at = next;
  }
}

void Exporter::accept(trace::Delivery* delivery) {
  accepted_.add(1, delivery->count);
  const std::size_t bytes = std::max<std::size_t>(delivery->bytes, 1);
  Drop why = Drop::kCount;
  if (closed_.load(std::memory_order_relaxed))
    why = Drop::kClosed;
  else if (queued_bytes_.load(std::memory_order_relaxed) + bytes > kQueueBytes)
    why = Drop::kQueueFull;
  if (why != Drop::kCount) [[unlikely]] {
    dropped(why).add(1, delivery->count);
    trace::Delivery::drop(delivery);
    return;
  }
  trace::Delivery* head = head_.load(std::memory_order_relaxed);
  do delivery->next = head;
  while (!head_.compare_exchange_weak(head, delivery, std::memory_order_release,
                                      std::memory_order_relaxed));
  // Sequentially consistent against run(), which disarms and then looks at the bytes again.
  const std::size_t before = queued_bytes_.fetch_add(bytes);
  if (!running_.load(std::memory_order_relaxed)) [[unlikely]]
    start_thread();
  else if ((before < kWakeBytes && before + bytes >= kWakeBytes) || !armed_.load())
    wake();
}

void Exporter::wake() {
  signal_.fetch_add(1);
  futex_wake(signal_);
}

void Exporter::start_thread() {
  const base::MutexLock lock(mutex_);
  if (running_.load(std::memory_order_relaxed)) return;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes());
  armed_.store(true);
  finished_.store(0);
  const auto body = [](void* self) -> void* {
    prctl(PR_SET_NAME, "dd-worker");
    static_cast<Exporter*>(self)->run();
    return nullptr;
  };
  // Without a thread the queue fills and what follows is dropped and counted; tried again each
  // time.
  running_.store(pthread_create(&thread_, &attributes, body, this) == 0, std::memory_order_relaxed);
  pthread_attr_destroy(&attributes);
  if (options_.on_start != nullptr) options_.on_start();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Exporter::run() {
  for (;;) {
    const std::uint32_t seen = signal_.load();
    resting_.store(false, std::memory_order_relaxed);
    const std::int64_t stop_at = stop_at_ns_.load();
    const std::uint32_t wanted = flush_wanted_.load();
    const bool flushing = wanted != flush_done_.load(std::memory_order_relaxed);
    const bool now_or_never = flushing || stop_at != 0;
    std::int64_t now = base::monotonic_ns();

    if (now_or_never || now >= deadline_ns_ || queued_bytes_.load() >= kWakeBytes) drain();
    const bool waiting = encoder_->chunks() != 0;
    if (payload_.size() == 0 && waiting &&
        (now_or_never || encoder_->bytes() >= kSendBytes ||
         (deadline_ns_ && now >= deadline_ns_))) {
      payload_path_ = encoder_->path();
      payload_volume_ = {encoder_->chunks(), encoder_->spans()};
      encoder_->take(payload_);
      attempts_ = 0;
      next_attempt_ns_ = 0;
    }
    if (deadline_ns_ && now >= deadline_ns_) deadline_ns_ = 0;
    if (!deadline_ns_ && (encoder_->chunks() || queued_bytes_.load()))
      deadline_ns_ = now + options_.interval_ns;

    if (payload_.size() && (!client_ || !client_->active()) &&
        (now >= next_attempt_ns_ || now_or_never))
      begin_request(now);
    if (client_ && client_->active()) {
      const Progress progress = client_->advance(kSliceNs);
      if (progress == Progress::kWorking) {
        if (stop_at && base::monotonic_ns() >= stop_at) end_request(Progress::kFailed);
      } else {
        end_request(progress);
      }
    }

    now = base::monotonic_ns();
    const bool failed = payload_.size() && attempts_ > 0 && !(client_ && client_->active());
    const bool empty = !payload_.size() && !encoder_->chunks() && !queued_bytes_.load();
    if (stop_at && (empty || gave_up_ || now >= stop_at)) break;
    if (flushing && (empty || failed)) {
      flush_clean_.store(empty, std::memory_order_relaxed);
      flush_done_.store(wanted);
      futex_wake(flush_done_);
      continue;
    }
    if (client_ && client_->active()) continue;

    std::int64_t until = kNever;
    if (deadline_ns_) until = deadline_ns_;
    if (payload_.size()) until = std::min(until, std::max(next_attempt_ns_, now));
    if (stop_at) until = std::min({until, stop_at, now + kSliceNs});
    if (encoder_->chunks() && !payload_.size() && encoder_->bytes() >= kSendBytes) continue;
    armed_.store(until != kNever);
    if (queued_bytes_.load() >= kWakeBytes || (until == kNever && queued_bytes_.load() != 0)) {
      armed_.store(true);
      continue;
    }
    if (until > now) {
      resting_.store(true, std::memory_order_release);
      futex_wait(signal_, seen, until == kNever ? kNever : until - now);
    }
    armed_.store(true);
  }
  // The end: what is left is dropped and counted.
  drain();
  if (payload_.size()) discard_payload(Drop::kUnsent);
  if (encoder_->chunks()) {
    dropped(Drop::kUnsent).add(encoder_->chunks(), encoder_->spans());
    encoder_->clear();
  }
  if (client_) client_->close();
  if (!ever_reached_ && dropped_[static_cast<int>(Drop::kUnsent)].traces.load())
    complain(last_problem_);
  resting_.store(true, std::memory_order_release);
  finished_.store(1);
  futex_wake(finished_);
}

// Encodes everything queued, oldest first.
void Exporter::drain() {
  trace::Delivery* newest = head_.exchange(nullptr, std::memory_order_acquire);
  trace::Delivery* oldest = nullptr;
  while (newest) {
    trace::Delivery* const next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  const std::size_t limit = reached_.load(std::memory_order_relaxed)
                                ? options_.buffer_bytes
                                : std::min(options_.buffer_bytes, kUnreachableBytes);
  while (oldest) {
    trace::Delivery* const next = oldest->next;
    const std::size_t bytes = std::max<std::size_t>(oldest->bytes, 1);
    // A chunk alone in an empty buffer may have the whole of it, agent or not.
    const bool alone = encoder_->chunks() == 0;
    if (!encoder_->add(*oldest, alone ? options_.buffer_bytes : limit))
      dropped(alone ? Drop::kTooLarge : Drop::kBufferFull).add(1, oldest->count);
    trace::Delivery::drop(oldest);
    queued_bytes_.fetch_sub(bytes);
    oldest = next;
  }
}

void Exporter::begin_request(std::int64_t now) {
  if (!client_) client_ = std::make_unique<HttpClient>(address_);
  std::string head =
      "POST " + address_.prefix + payload_path_ + " HTTP/1.1\r\nHost: " + address_.host_header +
      "\r\nContent-Type: application/msgpack\r\nDatadog-Meta-Lang: python\r\n"
      "Datadog-Meta-Lang-Interpreter: CPython\r\nDatadog-Client-Computed-Top-Level: true\r\n"
      "Datadog-Send-Real-Http-Status: 1\r\nX-Datadog-Trace-Count: " +
      std::to_string(payload_volume_.traces) +
      "\r\nContent-Length: " + std::to_string(payload_.size()) + "\r\n";
  const auto header = [&head](std::string_view name, std::string_view value) {
    if (value.empty() || value.find_first_of("\r\n") != std::string_view::npos) return;
    head.append(name).append(": ").append(value).append("\r\n");
  };
  header("Datadog-Meta-Lang-Version", options_.language_version);
  header("Datadog-Meta-Tracer-Version", options_.tracer_version);
  for (const auto& [name, value] : options_.headers) header(name, value);
  head += "\r\n";
  std::int64_t deadline = now + options_.timeout_ns;
  if (const std::int64_t stop_at = stop_at_ns_.load()) deadline = std::min(deadline, stop_at);
  ++attempts_;
  requests_.fetch_add(1, std::memory_order_relaxed);
  client_->start(std::move(head), payload_.view(), deadline);
}

void Exporter::end_request(Progress progress) {
  const int status = progress == Progress::kDone ? client_->response().status : 0;
  reached_.store(progress == Progress::kDone, std::memory_order_relaxed);
  if (status) ever_reached_ = true;
  if (status >= 200 && status < 300) {
    sent_.add(payload_volume_.traces, payload_volume_.spans);
    bytes_sent_.fetch_add(payload_.size(), std::memory_order_relaxed);
    if (options_.on_rate && client_->response().body.find("rate_by_service") != std::string::npos) {
      options_.on_rate({}, 0);
      parse_rates(
          client_->response().body,
          [](void* self, std::string_view key, double rate) {
            if (!key.empty()) static_cast<Exporter*>(self)->options_.on_rate(key, rate);
          },
          this);
      options_.on_rate({}, -1);
    }
    payload_volume_ = {};
    payload_.truncate(0);
    return;
  }
  failures_.fetch_add(1, std::memory_order_relaxed);
  last_problem_ = status ? "HTTP " + std::to_string(status) : client_->problem();
  if ((status == 404 || status == 415) && payload_path_ == "/v0.5/traces") {
    // What is encoded cannot be turned into v0.4; only what comes from now on is.
    discard_payload(Drop::kRejected);
    if (encoder_->chunks()) dropped(Drop::kRejected).add(encoder_->chunks(), encoder_->spans());
    encoder_ = encoding::make_v04(options_.facts, options_.native_events);
    return;
  }
  if (stop_at_ns_.load() && progress == Progress::kRefused) gave_up_ = true;
  if (attempts_ >= kMaxAttempts) {
    discard_payload(Drop::kUnsent);
    if (!ever_reached_) complain(last_problem_);
    return;
  }
  next_attempt_ns_ = base::monotonic_ns() + (kFirstDelayNs << (attempts_ - 1));
}

void Exporter::discard_payload(Drop why) {
  dropped(why).add(payload_volume_.traces, payload_volume_.spans);
  payload_volume_ = {};
  payload_.truncate(0);
}

void Exporter::complain(std::string_view problem) {
  if (complained_) return;
  complained_ = true;
  const Stats now = stats();
  std::string line = "no trace agent at " + options_.url.substr(0, 60) + " (" +
                     std::string(problem.substr(0, 40)) +
                     "): " + std::to_string(now.dropped_in_all().traces) +
                     " traces dropped; DD_TRACE_ENABLED=false turns tracing off";
  base::log(base::LogLevel::kWarning, line);
}

bool Exporter::flush(std::int64_t timeout_ns) {
  if (!running_.load(std::memory_order_relaxed)) return !queued_bytes_.load();
  const std::int64_t until = base::monotonic_ns() + timeout_ns;
  const std::uint32_t mine = flush_wanted_.fetch_add(1) + 1;
  wake();
  for (;;) {
    const std::uint32_t done = flush_done_.load();
    if (static_cast<std::int32_t>(done - mine) >= 0)
      return flush_clean_.load(std::memory_order_relaxed);
    const std::int64_t left = until - base::monotonic_ns();
    if (left <= 0 || finished_.load()) return false;
    futex_wait(flush_done_, done, left);
  }
}

void Exporter::shutdown(std::int64_t timeout_ns) {
  if (closed_.exchange(true)) return;
  if (!running_.load(std::memory_order_relaxed)) return;
  const bool hopeful = reached_.load(std::memory_order_relaxed);
  // Never reached may also mean never tried: a short program. Its agent answers within the 100 ms.
  const std::int64_t allowed = hopeful ? timeout_ns : std::min(timeout_ns, kHopelessNs);
  const std::int64_t now = base::monotonic_ns();
  stop_at_ns_.store(now + std::max<std::int64_t>(allowed, 1));
  wake();
  const std::int64_t until = now + allowed + kHopelessNs;
  while (!finished_.load()) {
    const std::int64_t left = until - base::monotonic_ns();
    if (left <= 0 && timeout_ns > 0) break;
    futex_wait(finished_, 0, std::max<std::int64_t>(left, kMs));
  }
  const base::MutexLock lock(mutex_);
  if (finished_.load())
    pthread_join(thread_, nullptr);
  else
    pthread_detach(thread_);  // stuck in name resolution; it holds nothing of the interpreter's
  running_.store(false, std::memory_order_relaxed);
}

Stats Exporter::stats() const {
  Stats out;
  out.sent = sent_.read();
  for (int i = 0; i < static_cast<int>(Drop::kCount); ++i) out.dropped[i] = dropped_[i].read();
  out.requests = requests_.load(std::memory_order_relaxed);
  out.failures = failures_.load(std::memory_order_relaxed);
  out.bytes_sent = bytes_sent_.load(std::memory_order_relaxed);
  out.accepted = accepted_.read();
  const Volume gone = out.dropped_in_all();
  out.pending = {out.accepted.traces - out.sent.traces - gone.traces,
                 out.accepted.spans - out.sent.spans - gone.spans};
  return out;
}

void Exporter::prepare_fork() DD_NO_THREAD_SAFETY {
  table_mutex.lock();
  for (Exporter* exporter : table)
    if (exporter) exporter->mutex_.lock();
}

void Exporter::after_fork_parent() DD_NO_THREAD_SAFETY {
  for (Exporter* exporter : table)
    if (exporter) exporter->mutex_.unlock();
  table_mutex.unlock();
}

void Exporter::after_fork_child() DD_NO_THREAD_SAFETY {
  for (Exporter* exporter : table)
    if (exporter) {
      exporter->mutex_.reset_after_fork();
      exporter->reset_in_child();
    }
  table_mutex.reset_after_fork();
}

void Exporter::reset_in_child() {
  trace::Delivery* at = head_.exchange(nullptr, std::memory_order_acquire);
  if (resting_.load(std::memory_order_acquire)) {
    encoder_->clear();
    payload_.truncate(0);
    client_.reset();  // closes the child's copy of the descriptor; the parent's connection lives on
    while (at) {
      trace::Delivery* const next = at->next;
      trace::Delivery::drop(at);
      at = next;
    }
  } else {
    // The worker was in the middle of something that cannot be known: left behind, not freed.
    (void)client_.release();
    (void)encoder_.release();
    new (&payload_) encoding::Buffer;
    new (&payload_path_) std::string;
    new (&last_problem_) std::string;
    encoder_ =
        options_.v05 ? encoding::make_v05(options_.facts) : encoding::make_v04(options_.facts, options_.native_events);
  }
  queued_bytes_.store(0);
  armed_.store(false);
  running_.store(false);
  closed_.store(false);
  flush_wanted_.store(0);
  flush_done_.store(0);
  stop_at_ns_.store(0);
  finished_.store(0);
  resting_.store(true);
  accepted_.reset();
  sent_.reset();
  for (Counter& counter : dropped_) counter.reset();
  requests_.store(0);
  failures_.store(0);
  bytes_sent_.store(0);
  payload_volume_ = {};
  attempts_ = 0;
  next_attempt_ns_ = deadline_ns_ = 0;
  complained_ = gave_up_ = false;
}

}  // namespace dd::transport
