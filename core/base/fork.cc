#include "core/base/fork.h"

#include <pthread.h>

#include "core/base/check.h"
#include "core/base/mutex.h"

namespace dd::base {
namespace {

constexpr int kMaxHandlers = 32;
struct Row {
  ForkOrder order;
  ForkHandler handler;
};

constinit Mutex mutex;
constinit Row rows[kMaxHandlers] DD_GUARDED_BY(mutex) = {};
constinit int count DD_GUARDED_BY(mutex) = 0;

// The three run around fork() itself: `mutex` is taken by prepare and given back by the others.
void prepare() DD_NO_THREAD_SAFETY {
  mutex.lock();
  for (int i = count; i-- > 0;)
    if (rows[i].handler.prepare) rows[i].handler.prepare();
}

void parent() DD_NO_THREAD_SAFETY {
  for (int i = 0; i < count; ++i)
    if (rows[i].handler.parent) rows[i].handler.parent();
  mutex.unlock();
}

void child() DD_NO_THREAD_SAFETY {
  detail::fork_generation.fetch_add(1, std::memory_order_relaxed);
  for (int i = 0; i < count; ++i)
    if (rows[i].handler.child) rows[i].handler.child();
  mutex.reset_after_fork();
}

}  // namespace

constinit std::atomic<std::uint64_t> detail::fork_generation{0};

void on_fork(ForkOrder order, const ForkHandler& handler) {
  const MutexLock lock(mutex);
  if (count == 0) pthread_atfork(prepare, parent, child);
  DD_CHECK(count < kMaxHandlers);
  int at = count++;
  for (; at > 0 && rows[at - 1].order > order; --at) rows[at] = rows[at - 1];
  rows[at] = {order, handler};
}

}  // namespace dd::base
