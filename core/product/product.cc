#include "core/product/product.h"

#include <exception>
#include <utility>

#include "core/base/log.h"
#include "core/base/running.h"
#include "core/product/manager.h"

namespace dd::product {

std::string_view word(State state) {
  switch (state) {
    case State::kOff:
      return "off";
    case State::kOn:
      return "on";
    case State::kFailed:
      return "failed";
    case State::kBarred:
      return "safe mode";
  }
  return "off";
}

std::string Gate::why() const {
  const std::string* const why = why_.load(std::memory_order_acquire);
  return why == nullptr ? std::string() : *why;
}

void Gate::set(State state, std::string why) {
  why_.store(new std::string(std::move(why)), std::memory_order_release);
  state_.store(state, std::memory_order_release);
  open_.store(state == State::kOn, std::memory_order_release);
}

// The firewall of products.
bool Gate::run(void (*call)(void*), void* what) {
  const base::Running mark(name_);
  std::string problem;
  try {
    call(what);
    return true;
  } catch (const std::exception& error) {
    problem = error.what();
  } catch (...) {
    problem = "an exception";
  }
  if (faults_.fetch_add(1, std::memory_order_relaxed) + 1 >= kMaxFaults)
    trip(problem);
  else
    base::log(base::LogLevel::kDebug, std::string(name_) + ": " + problem);
  return false;
}

void Gate::trip(const std::string& problem) {
  if (!open_.exchange(false)) return;
  set(State::kFailed, problem);
  base::log(base::LogLevel::kError,
            "product " + std::string(name_) + " is off, the rest goes on: " + problem);
  Manager::get().tripped(*this);
}

}  // namespace dd::product
