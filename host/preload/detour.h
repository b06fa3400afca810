// A function of another object made ours, by the first instructions of its code.

#pragma once

#include <cstddef>

namespace dd::host::preload {

// This process's memory, whatever its pages allow: tables that the loader has made read-only, code.
class Memory {
 public:
  Memory() = default;
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  bool write(void* at, const void* bytes, std::size_t size);

 private:
  static constexpr int kUnopened = -2;
  int file_ = kUnopened;
};

// Calls of `function` go to `ours` from now on. Returns what behaves as `function` did, or null
// when nothing was changed: its first instructions are none that can be moved, or there is no
// memory near it. `object` is where the object of `function` begins. Before other threads, and
// before `function` was ever called.
void* detour(Memory& memory, void* function, void* ours, const void* object);

}  // namespace dd::host::preload
