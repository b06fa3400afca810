// A product: a part of the program that can be wanted or not, and can fail alone.
//
//     namespace { constinit product::Gate gate; }
//     void on_query(const Query& query) {              // on a hot path
//       if (!gate.open()) return;                      // off costs this: one load, one branch
//       gate.enter([&] { look_at(query); });
//     }
//     extern constinit const product::Product dd::products::query_checks = {
//         .gate = &gate, .wanted = [] { return product::by(enabled); }, .start = &start};
//
// and a line in products/products.def, which names it and what it needs. The manager (manager.h)
// starts what is wanted in the order of that table. Every call into a product goes through its
// gate: what throws there is caught, the third time closes the gate, and whatever crashes is blamed
// on the product that was running (safe_mode.h). A product that is off or has failed is not called.

#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/fork.h"
#include "core/base/status.h"
#include "core/config/setting.h"
#include "core/remote_config/remote_config.h"

namespace dd::product {

enum class State : std::uint8_t {
  kOff,  // not wanted, or something it needs is not on
  kOn,
  kFailed,  // start() failed, or its breaker has tripped
  kBarred,  // it crashed the last process: safe mode
};
std::string_view word(State state);  // "on"

// The way into a product, and its breaker. One for each product, of static storage. Any thread.
class Gate {
 public:
  static constexpr int kMaxFaults = 3;

  constexpr Gate() = default;
  Gate(const Gate&) = delete;

  bool open() const { return open_.load(std::memory_order_relaxed); }

  // Runs `what` when the gate is open; false when it is not, or when `what` has thrown.
  template <class F>
  bool enter(F&& what) {
    if (!open()) return false;
    auto call = [&what] { what(); };
    return run([](void* made) { (*static_cast<decltype(call)*>(made))(); }, &call);
  }
  // Closes it for good: the rest goes on without this product.
  void trip(const std::string& problem);

  State state() const { return state_.load(std::memory_order_acquire); }
  std::string why() const;
  const char* name() const { return name_; }

 private:
  friend class Manager;
  bool run(void (*call)(void*), void* what);
  void set(State state, std::string why);

  std::atomic<bool> open_{false};
  std::atomic<State> state_{State::kOff};
  std::atomic<int> faults_{0};
  std::atomic<const std::string*> why_{nullptr};  // old ones are kept
  const char* name_ = nullptr;
};

struct Wanted {
  bool on = false;
  std::string_view why;  // a setting's name, or some words; of static storage
};
inline Wanted by(const config::Setting<bool>& setting) {
  return {setting.get(), setting.spec().env};
}

// What is null is not called. All are called without exceptions leaving them, see above.
struct Product {
  Gate* gate = nullptr;
  std::span<config::SettingBase* const> (*settings)() = nullptr;  // resolved before wanted()
  // Settings are resolved; there may be no interpreter (--dd-info).
  Wanted (*wanted)() = nullptr;
  // Once, on the main thread with the GIL, in a complete interpreter before the application. Opens
  // no socket, starts no thread: those come with the first work.
  Status (*start)() = nullptr;
  // At the end of the process, those that started last first, without the GIL.
  void (*stop)() = nullptr;
  // The breaker has tripped: any thread, with or without the GIL. Takes back what others still see.
  void (*failed)() = nullptr;
  base::ForkHandler fork = {};  // while it is on
  // Configurations from afar: subscribed to when it has started, given up when it has failed.
  std::span<const remote_config::Product> (*remote)() = nullptr;
  bool told = false;  // telemetry's list of products names it
};

inline constexpr int kMaxNeeds = 3;
struct Row {
  const char* name = nullptr;
  const char* needs[kMaxNeeds] = {};  // names of rows above it
  const Product* product = nullptr;
};

// Whether each row's needs stand above it: the order of the table is then the order of start.
constexpr bool is_in_order(std::span<const Row> table) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    for (const char* const need : table[i].needs) {
      bool found = need == nullptr;
      for (std::size_t above = 0; above < i; ++above)
        found = found || std::string_view(need) == table[above].name;
      if (!found) return false;
    }
    for (std::size_t above = 0; above < i; ++above)
      if (std::string_view(table[above].name) == table[i].name) return false;
  }
  return true;
}

}  // namespace dd::product
