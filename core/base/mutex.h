// A mutex of four bytes, and the words clang's thread-safety analysis understands.
//
// Uncontended lock and unlock are one atomic operation each; waiting uses a futex. It is constant
// initialised, never destroyed, and may be re-initialised in a forked child (core/base/fork.h).

#pragma once

#include <atomic>
#include <cstdint>

#if defined(__clang__)
#define DD_THREAD(x) __attribute__((x))
#else
#define DD_THREAD(x)
#endif
#define DD_CAPABILITY(name) DD_THREAD(capability(name))
#define DD_SCOPED_CAPABILITY DD_THREAD(scoped_lockable)
#define DD_GUARDED_BY(m) DD_THREAD(guarded_by(m))
#define DD_REQUIRES(m) DD_THREAD(requires_capability(m))
#define DD_ACQUIRE(...) DD_THREAD(acquire_capability(__VA_ARGS__))
#define DD_RELEASE(...) DD_THREAD(release_capability(__VA_ARGS__))
#define DD_TRY_ACQUIRE(...) DD_THREAD(try_acquire_capability(__VA_ARGS__))
#define DD_EXCLUDES(m) DD_THREAD(locks_excluded(m))
#define DD_NO_THREAD_SAFETY DD_THREAD(no_thread_safety_analysis)

namespace dd::base {

class DD_CAPABILITY("mutex") Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() DD_ACQUIRE() {
    std::uint32_t expected = kFree;
    if (!state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire)) lock_slow();
  }
  bool try_lock() DD_TRY_ACQUIRE(true) {
    std::uint32_t expected = kFree;
    return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire);
  }
  void unlock() DD_RELEASE() {
    if (state_.exchange(kFree, std::memory_order_release) == kContended) wake();
  }

  // In a forked child, where the holder does not exist any more.
  void reset_after_fork() {  // without a write its page stays shared with the parent
    if (state_.load(std::memory_order_relaxed) != kFree)
      state_.store(kFree, std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint32_t kFree = 0, kHeld = 1, kContended = 2;
  void lock_slow();
  void wake();
  std::atomic<std::uint32_t> state_{kFree};
};

// For data that only threads of the host touch. While the host has a lock of its own that they all
// hold (Python's GIL), that one is enough, and this costs a load.
class DD_CAPABILITY("mutex") HostMutex {
 public:
  constexpr HostMutex() = default;

  void lock() DD_ACQUIRE() {
    if (!host_has_lock_) mutex_.lock();
  }
  void unlock() DD_RELEASE() {
    if (!host_has_lock_) mutex_.unlock();
  }

  // Once, at start, before there is a second thread.
  static void rely_on_host() { host_has_lock_ = true; }

 private:
  static constinit inline bool host_has_lock_ = false;
  Mutex mutex_;
};

template <class M = Mutex>
class DD_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(M& mutex) DD_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() DD_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  M& mutex_;
};

}  // namespace dd::base
