// One ordered table of what a fork must prepare and mend.
//
// Modules register in order of `Order`. Before a fork `prepare` runs from the last to the first
// (what depends on others first), after it `parent` or `child` from the first to the last. Handlers
// run on the forking thread; `prepare` never waits for the network and never joins a thread;
// `child` starts no thread: threads come back on first use. vfork and posix_spawn do not come
// through here.

#pragma once

#include <atomic>
#include <cstdint>

namespace dd::base {

enum class ForkOrder : std::uint8_t { kBase, kConfig, kTrace, kTransport, kProducts, kHost };

struct ForkHandler {
  void (*prepare)() = nullptr;
  void (*parent)() = nullptr;
  void (*child)() = nullptr;
};

// Registers once per process, during start-up or first use. Any thread.
void on_fork(ForkOrder order, const ForkHandler& handler);

// The number of forks between the first process and this one. Data made under another generation
// belongs to an ancestor.
namespace detail {
extern constinit std::atomic<std::uint64_t> fork_generation;
}
inline std::uint64_t fork_generation() {
  return detail::fork_generation.load(std::memory_order_relaxed);
}

}  // namespace dd::base
