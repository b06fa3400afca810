// The one thread of ours, and what runs on it.
//
// "dd-worker" encodes, sends, reads answers and keeps time for everything of ours; it never takes
// the GIL, blocks all signals, and sleeps without a timer while there is nothing to do. A product
// needs no thread of its own:
//
//     constinit Destination* agent = nullptr;               // core/transport/destination.h
//     void report(bool last) { agent->submit({.target = "/v0.6/stats", .body = encode()}, {}); }
//     ...
//     static Timer every_ten_seconds(10'000'000'000, report);  // at the end once more, last = true
//     every_ten_seconds.start();
//
// The thread starts with wake(): the first delivery, the first request, or a timer's start(). A
// forked child has no thread until then; its jobs begin anew (Job::forked).

#pragma once

#include <poll.h>
#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/mutex.h"

namespace dd::transport {

inline constexpr std::int64_t kNever = INT64_MAX;

struct Turn {
  std::int64_t now_ns = 0;
  // The process ends: do what is worth finishing, without waiting for better times.
  bool stopping = false;
  std::int64_t stop_at_ns = kNever;      // the last moment, when stopping
  std::int64_t hopeless_at_ns = kNever;  // the last moment for peers that never answered
};

// All but start() and stop() run on the worker and must not wait for anything.
class Job {
 public:
  virtual ~Job() = default;
  // Does what is due; returns when it wants its next turn. Turns may come earlier.
  virtual std::int64_t turn(const Turn& turn) = 0;
  virtual void add_polls(std::vector<pollfd>&) {}  // what it waits for besides
  virtual bool idle() const { return true; }       // false: the end waits for it
  virtual void end() {}                            // after the last turn: drop and count
  // In the child, on the forking thread. `whole`: the worker was between turns; otherwise what it
  // was writing cannot be known and must be left behind, not freed.
  virtual void forked(bool whole) { (void)whole; }

 private:
  friend class Worker;
  const char* owner_ = nullptr;  // the product that was running when it was added
};

class Worker {  // one a process
 public:
  constexpr Worker() = default;
  Worker(const Worker&) = delete;
  static Worker& get();

  // Any thread but the worker. A job that is removed has no turn running and gets none. One whose
  // turn throws is removed, and on_fault() told, on the worker.
  void add(Job* job);
  void remove(Job* job);

  // There is work: starts the thread or ends its sleep. Any thread, no lock once it runs.
  void wake();
  // Starts the thread for a process that has nothing to say yet: it sleeps so long, or until the
  // first wake(). Any thread but the worker; nothing once it runs.
  void start_later(std::int64_t delay_ns);
  bool running() const { return running_.load(std::memory_order_relaxed); }
  bool closing() const {
    return closed_.load(std::memory_order_relaxed);
  }  // after shutdown() began
  // Lets the jobs finish, at most so long, and ends the thread. Peers that never answered get
  // kHopelessNs of it. Any thread but the worker, without the GIL; once (a forked child begins
  // anew).
  void shutdown(std::int64_t timeout_ns);

  // Called when there is work for the first time (again, after a fork), or start_later()'s time is
  // over: on the thread that wakes the worker, with all signals blocked and a lock held.
  void on_start(void (*call)()) { on_start_.store(call, std::memory_order_relaxed); }

  // While sockets are open the worker waits for them, and looks this often at what else there is.
  void set_slice(std::int64_t slice_ns) { slice_ns_.store(slice_ns, std::memory_order_relaxed); }

  void on_fault(void (*call)(const char* owner, const std::string& problem)) {
    on_fault_.store(call, std::memory_order_relaxed);
  }

  static constexpr std::int64_t kHopelessNs = 80'000'000;
  // How much later than it asked for the worker was woken, in all: a peer is not silent because
  // this machine is busy or its container throttled. And how often it had a turn.
  std::int64_t late_ns() const { return late_ns_.load(std::memory_order_relaxed); }
  std::uint64_t turns() const { return turns_had_.load(std::memory_order_relaxed); }

 private:
  void start_thread(std::int64_t sleep_ns);
  void doze();
  void rouse();
  void wait(std::uint32_t seen, std::int64_t ns, std::vector<pollfd>& polls);
  void run();
  std::int64_t take_turn(Job*& job, const Turn& turn);
  static void prepare_fork();
  static void after_fork_parent();
  static void after_fork_child();

  static constexpr int kMaxJobs = 64;
  std::atomic<std::uint32_t> signal_{0};
  std::atomic<bool> running_{false}, closed_{false};
  std::atomic<std::int64_t> stop_at_ns_{0}, hopeless_ns_{0}, late_ns_{0};
  std::atomic<std::uint64_t> turns_had_{0};
  std::atomic<std::uint32_t> finished_{0};
  std::atomic<void (*)()> on_start_{nullptr};
  std::atomic<void (*)(const char*, const std::string&)> on_fault_{nullptr};
  std::atomic<bool> dozing_{false};  // there was no work yet
  std::atomic<std::int64_t> slice_ns_{20'000'000};
  std::int64_t doze_ns_ = 0;  // set before the thread starts

  base::Mutex starting_;
  pthread_t thread_ DD_GUARDED_BY(starting_) = {};
  base::Mutex turns_;  // held while jobs have their turns, not while waiting
  Job* jobs_[kMaxJobs] DD_GUARDED_BY(turns_) = {};
  bool fork_handlers_ DD_GUARDED_BY(turns_) = false;
};

// Calls `what` on the worker each `interval_ns` after start(), and with true once at the end. In a
// forked child it goes on, an interval after the fork, once something wakes the child's worker.
class Timer final : public Job {
 public:
  using Function = std::function<void(bool last)>;
  // `at_once`: the first call comes with the first turn, not after an interval.
  Timer(std::int64_t interval_ns, Function what, bool at_once = false)
      : interval_ns_(interval_ns), what_(std::move(what)), at_once_(at_once) {}
  ~Timer() override { stop(); }
  // The thread may sleep so long before it looks at anything (Worker::start_later).
  void start(std::int64_t silence_ns = 0);
  void stop();      // no call runs or comes afterwards
  void call_now();  // besides, as soon as the worker has its next turn; any thread
  void set_interval(std::int64_t interval_ns) {
    interval_ns_.store(interval_ns, std::memory_order_relaxed);
  }

  std::int64_t turn(const Turn& turn) override;
  bool idle() const override { return ended_; }
  void forked(bool whole) override;

 private:
  std::atomic<std::int64_t> interval_ns_;
  const Function what_;
  const bool at_once_;
  bool started_ = false;
  std::atomic<bool> hastened_{false};
  // The worker's own.
  std::int64_t next_ns_ = 0;
  bool ended_ = false;
};

// Sleeping on a word until it is no longer `seen`, or for so long (kNever: without end).
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen,
                std::int64_t timeout_ns);
void futex_wake(const std::atomic<std::uint32_t>& word);

}  // namespace dd::transport
