#include "core/events/event.h"

#include "core/base/log.h"
#include "core/base/mutex.h"

namespace dd::events {
namespace {

constinit base::Mutex changes;  // of any channel: they are rare

}  // namespace

ChannelBase::Place* ChannelBase::find(const Listener& listener, int used) {
  for (int i = 0; i < used; ++i)
    if (places_[i].listener.call == listener.call && places_[i].listener.self == listener.self)
      return &places_[i];
  return nullptr;
}

void ChannelBase::set(Place& place, bool on) {
  if (place.on.exchange(on, std::memory_order_relaxed) != on)
    heard_.fetch_add(on ? 1 : -1, std::memory_order_relaxed);
}

bool ChannelBase::add(const Listener& listener) {
  const base::MutexLock lock(changes);
  const int used = used_.load(std::memory_order_relaxed);
  Place* place = find(listener, used);
  if (place == nullptr) {
    if (used == kMaxListeners) return false;
    place = &places_[used];
    place->listener = listener;
    used_.store(used + 1, std::memory_order_release);
  }
  place->faults.store(0, std::memory_order_relaxed);
  set(*place, true);
  return true;
}

void ChannelBase::remove(const Listener& listener) {
  const base::MutexLock lock(changes);
  if (Place* const place = find(listener, used_.load(std::memory_order_relaxed)))
    set(*place, false);
}

void ChannelBase::deliver(void* event) noexcept {
  const int used = used_.load(std::memory_order_acquire);
  for (const Rank rank : {Rank::kTracing, Rank::kSecurity, Rank::kDebugging, Rank::kOther}) {
    for (int i = 0; i < used; ++i) {
      Place& place = places_[i];
      if (place.listener.rank != rank || !place.on.load(std::memory_order_relaxed)) continue;
      try {
        place.listener.call(place.listener.self, event);
      } catch (...) {
        note_fault(place);
      }
    }
  }
}

void ChannelBase::note_fault(Place& place) noexcept {
  const int faults = place.faults.fetch_add(1, std::memory_order_relaxed) + 1;
  if (faults == 1)
    base::log(base::LogLevel::kError, "a listener of an event threw an exception; it is skipped");
  if (faults < kMaxFaults) return;
  const base::MutexLock lock(changes);
  set(place, false);
}

}  // namespace dd::events
