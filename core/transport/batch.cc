#include "core/transport/batch.h"

#include <optional>
#include <utility>

#include "core/base/fork.h"
#include "core/base/mutex.h"
#include "core/transport/destination.h"
#include "core/transport/worker.h"

namespace dd::transport {
namespace {

constexpr int kAttempts = 3;
constexpr std::size_t kMostTroubles = 16;

// Of all batches: they are few, and sections are short.
constinit base::Mutex mutex;

struct Place {
  std::string url;
  Destination* destination;
};
// Live as long as the process.
std::vector<Place>& places() DD_REQUIRES(mutex) {
  static std::vector<Place>* const all = new std::vector<Place>;
  return *all;
}

Result<Destination*> place_of(const std::string& url) DD_REQUIRES(mutex) {
  for (const Place& place : places())
    if (place.url == url) return place.destination;
  auto made = Destination::make(url, {.max_requests = 256, .max_bytes = 64 << 20});
  if (!made.ok()) return made.status();
  places().push_back({url, std::move(made).value().release()});
  return places().back().destination;
}

void register_fork() {
  static const bool done = [] {
    base::on_fork(base::ForkOrder::kTransport,
                  {.prepare = []() DD_NO_THREAD_SAFETY { mutex.lock(); },
                   .parent = []() DD_NO_THREAD_SAFETY { mutex.unlock(); },
                   .child = [] { mutex.reset_after_fork(); }});
    return true;
  }();
  (void)done;
}

}  // namespace

struct Batch::State {
  Options options;
  Destination* destination = nullptr;
  std::optional<Timer> timer;
  std::string body DD_GUARDED_BY(mutex);
  std::size_t entries DD_GUARDED_BY(mutex) = 0;
  std::vector<Trouble> troubles DD_GUARDED_BY(mutex);
  std::uint64_t generation DD_GUARDED_BY(mutex) = 0;
  std::uint64_t asked DD_GUARDED_BY(mutex) = 0, answered DD_GUARDED_BY(mutex) = 0;

  // What an ancestor has collected is its own to send.
  void settle_fork() DD_REQUIRES(mutex) {
    if (generation == base::fork_generation()) return;
    generation = base::fork_generation();
    body.clear();
    troubles.clear();
    entries = 0;
    asked = answered = 0;
  }
  bool send(const std::shared_ptr<State>& self) DD_REQUIRES(mutex);
};

bool Batch::State::send(const std::shared_ptr<State>& self) {
  if (entries == 0) return true;
  Request request{.target = options.target,
                  .headers = options.headers,
                  .body = std::move(body) + options.close,
                  .timeout_ns = 10'000'000'000,
                  .attempts = kAttempts};
  body.clear();
  entries = 0;
  ++asked;
  const bool taken = destination->submit(std::move(request), [self](const Reply& reply) {
    const base::MutexLock lock(mutex);
    ++self->answered;
    if (reply.ok() || self->troubles.size() >= kMostTroubles) return;
    self->troubles.push_back(
        {reply.status, std::string(reply.status ? reply.body : reply.problem)});
  });
  if (!taken) ++answered;
  return taken;
}

Result<std::unique_ptr<Batch>> Batch::make(Options options) {
  register_fork();
  auto state = std::make_shared<State>();
  {
    const base::MutexLock lock(mutex);
    auto place = place_of(options.url);
    if (!place.ok()) return place.status();
    state->destination = place.value();
    state->generation = base::fork_generation();
  }
  const std::int64_t period_ns = options.period_ns;
  state->options = std::move(options);
  const std::weak_ptr<State> weak = state;
  state->timer.emplace(period_ns, [weak](bool) {
    const std::shared_ptr<State> self = weak.lock();
    if (!self) return;
    const base::MutexLock lock(mutex);
    self->settle_fork();
    (void)self->send(self);
  });
  return std::unique_ptr<Batch>(new Batch(std::move(state)));
}

Batch::~Batch() {
  state_->timer->stop();
  const base::MutexLock lock(mutex);
  state_->settle_fork();
  (void)state_->send(state_);
}

bool Batch::add(std::string_view entry) {
  bool first;
  {
    const base::MutexLock lock(mutex);
    State& state = *state_;
    state.settle_fork();
    const std::size_t around = state.options.open.size() + state.options.close.size();
    if (entry.size() + around > state.options.max_bytes) return false;
    if (state.body.size() + entry.size() + state.options.close.size() + 1 >
            state.options.max_bytes ||
        state.entries >= state.options.max_entries)
      (void)state.send(state_);
    state.body += state.entries ? "," : state.options.open;
    state.body += entry;
    first = state.entries++ == 0;
  }
  if (first) {
    state_->timer->start();  // does nothing when it runs
    Worker::get().wake();    // a forked child has no thread yet
  }
  return true;
}

bool Batch::flush(std::int64_t timeout_ns) {
  bool taken;
  {
    const base::MutexLock lock(mutex);
    state_->settle_fork();
    taken = state_->send(state_);
    if (state_->answered == state_->asked) return taken;
  }
  return state_->destination->wait(timeout_ns) && taken;
}

std::vector<Batch::Trouble> Batch::take_troubles() {
  const base::MutexLock lock(mutex);
  return std::exchange(state_->troubles, {});
}

}  // namespace dd::transport
