#include "core/base/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace dd::base {
namespace {

TEST(Mutex, keeps_threads_apart) {
  Mutex mutex;
  int counter = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50'000; ++i) {
        const MutexLock lock(mutex);
        ++counter;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter, 200'000);
}

TEST(Mutex, try_lock_fails_while_held) {
  Mutex mutex;
  mutex.lock();
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock();
  const bool taken = mutex.try_lock();
  if (taken) mutex.unlock();
  EXPECT_TRUE(taken);
}

}  // namespace
}  // namespace dd::base
