#include "core/transport/worker.h"

#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/base/running.h"

namespace dd::transport {
namespace {

constexpr std::int64_t kMs = 1'000'000;
// A fork waits so long for the end of a turn; a turn is processor time only.
constexpr std::int64_t kForkWaitNs = 10 * kMs;

constinit Worker the_worker;
constinit bool whole_at_fork = false;

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

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen,
                std::int64_t timeout_ns) {
  timespec limit{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, seen, timeout_ns == kNever ? nullptr : &limit,
          nullptr, 0);
}

void futex_wake(const std::atomic<std::uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

Worker& Worker::get() { return the_worker; }

void Worker::add(Job* job) {
  const base::MutexLock lock(turns_);
  if (!fork_handlers_) {
    base::on_fork(base::ForkOrder::kTransport,
                  {&Worker::prepare_fork, &Worker::after_fork_parent, &Worker::after_fork_child});
    fork_handlers_ = true;
  }
  Job** const free = std::find(jobs_, jobs_ + kMaxJobs, nullptr);
  DD_CHECK(free != jobs_ + kMaxJobs);
  job->owner_ = base::running_product();
  *free = job;
}

void Worker::remove(Job* job) {
  const base::MutexLock lock(turns_);
  std::replace(jobs_, jobs_ + kMaxJobs, job, static_cast<Job*>(nullptr));
}

void Worker::wake() {
  if (!running_.load(std::memory_order_relaxed)) [[unlikely]]
    start_thread(0);
  else if (dozing_.load(std::memory_order_relaxed)) [[unlikely]]
    rouse();
  signal_.fetch_add(1);
  futex_wake(signal_);
}

void Worker::start_later(std::int64_t delay_ns) { start_thread(delay_ns); }

void Worker::start_thread(std::int64_t sleep_ns) {
  const base::MutexLock lock(starting_);
  if (running_.load(std::memory_order_relaxed) || closed_.load(std::memory_order_relaxed)) return;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes());
  finished_.store(0);
  doze_ns_ = sleep_ns;
  dozing_.store(sleep_ns > 0);
  const auto body = [](void* self) -> void* {
    prctl(PR_SET_NAME, "dd-worker");
    auto* const worker = static_cast<Worker*>(self);
    if (worker->doze_ns_ > 0) worker->doze();
    worker->run();
    return nullptr;
  };
  // Without a thread queues fill, and what follows is dropped and counted; tried again each time.
  // Said before it runs: its own jobs may wake it, and must not wait here for what follows.
  running_.store(true, std::memory_order_relaxed);
  const bool made = pthread_create(&thread_, &attributes, body, this) == 0;
  if (!made) {
    running_.store(false, std::memory_order_relaxed);
    dozing_.store(false);
  }
  pthread_attr_destroy(&attributes);
  auto* const call = on_start_.load(std::memory_order_relaxed);
  if (made && sleep_ns == 0 && call) call();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Worker::doze() {
  const std::int64_t until = base::monotonic_ns() + doze_ns_;
  while (dozing_.load() && stop_at_ns_.load() == 0) {
    const std::uint32_t seen = signal_.load();
    if (!dozing_.load() || stop_at_ns_.load() != 0) break;
    const std::int64_t now = base::monotonic_ns();
    if (now >= until) return rouse();
    futex_wait(signal_, seen, until - now);
  }
  // A process that ends begins nothing: what its jobs do now must not wake what slept.
  dozing_.store(false);
}

void Worker::rouse() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  {
    const base::MutexLock lock(starting_);
    if (dozing_.exchange(false))
      if (auto* const call = on_start_.load(std::memory_order_relaxed)) call();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// The firewall of the worker.
std::int64_t Worker::take_turn(Job*& job, const Turn& turn) {
  const char* const owner = job->owner_;
  const base::Running mark(owner);
  std::string problem = "an exception";
  try {
    return job->turn(turn);
  } catch (const std::exception& error) {
    problem = error.what();
  } catch (...) {
  }
  job = nullptr;
  if (auto* const call = on_fault_.load(std::memory_order_relaxed)) call(owner, problem);
  return kNever;
}

void Worker::wait(std::uint32_t seen, std::int64_t ns, std::vector<pollfd>& polls) {
  const std::int64_t begin = base::monotonic_ns();
  if (polls.empty())
    futex_wait(signal_, seen, ns);
  else if (signal_.load() == seen)
    poll(polls.data(), polls.size(), static_cast<int>((ns + kMs - 1) / kMs));
  const std::int64_t late = base::monotonic_ns() - begin - ns;
  if (late > 0) late_ns_.store(late_ns() + late, std::memory_order_relaxed);
}

void Worker::run() {
  std::vector<pollfd> polls;
  std::int64_t hopeless_at_ns = 0;  // but for late_ns()
  for (;;) {
    const std::uint32_t seen = signal_.load();
    Turn turn{.now_ns = base::monotonic_ns()};
    if (const std::int64_t stop_at = stop_at_ns_.load()) {
      turn.stopping = true;
      turn.stop_at_ns = stop_at;
      if (hopeless_at_ns == 0) hopeless_at_ns = turn.now_ns + hopeless_ns_.load() - late_ns();
      turn.hopeless_at_ns = hopeless_at_ns + late_ns();
    }
    turns_had_.store(turns() + 1, std::memory_order_relaxed);
    std::int64_t next = kNever;
    polls.clear();
    {
      const base::MutexLock lock(turns_);
      bool idle = true;
      for (Job*& job : jobs_)
        if (job) next = std::min(next, take_turn(job, turn));
      for (const Job* job : jobs_) idle = idle && (!job || job->idle());
      if (turn.stopping && (idle || base::monotonic_ns() >= turn.stop_at_ns)) break;
      for (Job* job : jobs_)
        if (job) job->add_polls(polls);
    }
    const std::int64_t now = base::monotonic_ns();
    if (next <= now) continue;
    const std::int64_t slice = slice_ns_.load(std::memory_order_relaxed);
    std::int64_t wait = next == kNever ? kNever : next - now;
    if (turn.stopping) wait = std::min({wait, slice, turn.stop_at_ns - now});
    this->wait(seen, polls.empty() ? wait : std::min(wait, slice), polls);
  }
  {
    const base::MutexLock lock(turns_);
    for (Job* job : jobs_)
      if (job) job->end();
  }
  finished_.store(1);
  futex_wake(finished_);
}

void Worker::shutdown(std::int64_t timeout_ns) {
  if (closed_.exchange(true)) return;
  if (!running_.load(std::memory_order_relaxed)) {
    const base::MutexLock lock(turns_);
    for (Job* job : jobs_)
      if (job) job->end();
    return;
  }
  const std::int64_t now = base::monotonic_ns();
  hopeless_ns_.store(std::min(timeout_ns, kHopelessNs));
  stop_at_ns_.store(now + std::max<std::int64_t>(timeout_ns, 1));
  signal_.fetch_add(1);
  futex_wake(signal_);
  const std::int64_t until = now + timeout_ns + kHopelessNs;
  while (!finished_.load()) {
    const std::int64_t left = until - base::monotonic_ns();
    if (left <= 0 && timeout_ns > 0) break;
    futex_wait(finished_, 0, std::max<std::int64_t>(left, kMs));
  }
  const base::MutexLock lock(starting_);
  if (finished_.load())
    pthread_join(thread_, nullptr);
  else
    pthread_detach(thread_);  // it holds nothing of the interpreter's
  running_.store(false, std::memory_order_relaxed);
}

void Worker::prepare_fork() DD_NO_THREAD_SAFETY {
  the_worker.starting_.lock();
  const std::int64_t until = base::monotonic_ns() + kForkWaitNs;
  while (!(whole_at_fork = the_worker.turns_.try_lock()) && base::monotonic_ns() < until)
    usleep(100);
}

void Worker::after_fork_parent() DD_NO_THREAD_SAFETY {
  if (whole_at_fork) the_worker.turns_.unlock();
  the_worker.starting_.unlock();
}

void Worker::after_fork_child() DD_NO_THREAD_SAFETY {
  Worker& worker = the_worker;
  worker.turns_.reset_after_fork();
  worker.starting_.reset_after_fork();
  worker.running_.store(false);
  worker.dozing_.store(false);
  worker.closed_.store(false);
  worker.stop_at_ns_.store(0);
  worker.hopeless_ns_.store(0);
  worker.finished_.store(0);
  for (Job* job : worker.jobs_)
    if (job) job->forked(whole_at_fork);
}

void Timer::start(std::int64_t silence_ns) {
  if (std::exchange(started_, true)) return;
  if (silence_ns > 0) next_ns_ = base::monotonic_ns() + interval_ns_.load();
  Worker::get().add(this);
  if (silence_ns > 0)
    Worker::get().start_later(silence_ns);
  else
    Worker::get().wake();
}

void Timer::stop() {
  if (std::exchange(started_, false)) Worker::get().remove(this);
}

void Timer::call_now() {
  hastened_.store(true);
  Worker::get().wake();
}

std::int64_t Timer::turn(const Turn& turn) {
  if (turn.stopping) {
    if (!std::exchange(ended_, true)) what_(true);
    return kNever;
  }
  std::int64_t interval = std::max(interval_ns_.load(std::memory_order_relaxed), kMs);
  if (next_ns_ == 0) next_ns_ = turn.now_ns + (at_once_ ? 0 : interval);
  if (hastened_.load(std::memory_order_relaxed) && hastened_.exchange(false)) what_(false);
  if (turn.now_ns >= next_ns_) {
    what_(false);  // which may have set another interval
    interval = std::max(interval_ns_.load(std::memory_order_relaxed), kMs);
    next_ns_ = std::max(next_ns_ + interval, turn.now_ns + kMs);
  }
  return std::min(next_ns_, turn.now_ns + interval);
}

void Timer::forked(bool) {
  next_ns_ = base::monotonic_ns() + interval_ns_.load(std::memory_order_relaxed);
  hastened_.store(false);
  ended_ = false;
}

}  // namespace dd::transport
