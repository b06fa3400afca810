#include "core/base/recycle.h"

#include <algorithm>
#include <atomic>

namespace dd::base {

namespace {

using detail::Bundle;

constexpr int kKinds = static_cast<int>(Recycled::kCount);
constexpr int kMostBundles = 64;

// Bundles that no thread owns. A thread that needs one takes all and puts the rest back, so none
// is ever popped by two.
constinit std::atomic<Bundle*> passed_on[kKinds] = {};
constinit std::atomic<int> bundles[kKinds] = {};

void push(int kind, Bundle* first, Bundle* last) {
  Bundle* head = passed_on[kind].load(std::memory_order_relaxed);
  do last->next = head;
  while (!passed_on[kind].compare_exchange_weak(head, first, std::memory_order_release,
                                                std::memory_order_relaxed));
}

void pass_on(int kind) {
  Bundle& own = detail::shelf[kind];
  auto* const made = new Bundle(own);
  bundles[kind].fetch_add(1, std::memory_order_relaxed);
  own.count = 0;
  push(kind, made, made);
}

// Passes on what a thread has when it ends.
struct Farewell {
  ~Farewell() {
    for (int kind = 0; kind < kKinds; ++kind) {
      if (detail::shelf[kind].count) pass_on(kind);
      detail::shelf[kind].room = 0;
    }
    said = true;
  }
  bool said = false;
};
thread_local Farewell farewell;

}  // namespace

constinit thread_local Bundle detail::shelf[kKinds] = {};

bool detail::fill(Recycled wanted) {
  const int kind = static_cast<int>(wanted);
  if (farewell.said) return false;
  if (passed_on[kind].load(std::memory_order_relaxed) == nullptr) return false;
  Bundle* const taken = passed_on[kind].exchange(nullptr, std::memory_order_acquire);
  if (taken == nullptr) return false;
  if (Bundle* const rest = taken->next) {
    Bundle* last = rest;
    while (last->next) last = last->next;
    push(kind, rest, last);
  }
  bundles[kind].fetch_sub(1, std::memory_order_relaxed);
  Bundle& own = shelf[kind];
  std::copy_n(taken->pieces, taken->count, own.pieces);
  own.count = taken->count;
  own.room = Bundle::kMost;
  delete taken;
  return own.count != 0;
}

bool detail::make_room(Recycled wanted) {
  const int kind = static_cast<int>(wanted);
  Bundle& own = shelf[kind];
  if (farewell.said) return false;
  if (own.room == 0) {
    own.room = Bundle::kMost;
    return true;
  }
  if (bundles[kind].load(std::memory_order_relaxed) >= kMostBundles) return false;
  pass_on(kind);
  return true;
}

}  // namespace dd::base
