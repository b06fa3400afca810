#include "core/py/imports/watch_table.h"

#include <atomic>
#include <cstring>

#include "core/base/log.h"
#include "core/base/mutex.h"

namespace dd::py::imports {
namespace {

constinit Entry entries[kMaxEntries] = {};
constinit HookList hook_links[kMaxEntries] = {};
constinit std::atomic<std::uint16_t> slots[kSlots] = {};  // index + 1; 0 is free
constinit std::size_t entries_used = 0;
constinit std::size_t links_used = 0;
constinit std::size_t pending_count = 0;

static_assert((kSlots & (kSlots - 1)) == 0 && kMaxEntries < kSlots / 2);

std::uint32_t slot_of(std::string_view name) {
  std::uint64_t head = 0, tail = 0;
  if (name.size() >= 8) {
    std::memcpy(&head, name.data(), 8);
    std::memcpy(&tail, name.data() + name.size() - 8, 8);
  } else {
    std::memcpy(&head, name.data(), name.size());
  }
  const std::uint64_t mixed =
      (head * 0x9e3779b97f4a7c15u) ^ ((tail + name.size()) * 0xc2b2ae3d27d4eb4fu);
  return static_cast<std::uint32_t>((mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9u >> 53);
}
static_assert(kSlots == 1 << 11);  // the shift by 53 above

// A package whose modules are not in the table before somebody asks for one: most processes import
// nothing of it.
struct Waiting {
  const FrozenPackage* package;
  std::string_view root;
  bool gives_way;
  std::atomic<bool> loaded;
};
constinit Waiting packages[kMaxPackages] = {};
constinit std::atomic<std::size_t> packages_used{0};
constinit base::Mutex loading;

Entry* look_up(std::string_view name) {
  for (std::uint32_t slot = slot_of(name);; slot = (slot + 1) % kSlots) {
    const std::uint16_t at = slots[slot].load(std::memory_order_acquire);
    if (at == 0) return nullptr;
    if (entries[at - 1].name == name) return &entries[at - 1];
  }
}

Entry* look_up_or_add(std::string_view name) {
  if (Entry* const known = look_up(name)) return known;
  if (entries_used == kMaxEntries) return nullptr;
  std::uint32_t slot = slot_of(name);
  while (slots[slot].load(std::memory_order_relaxed) != 0) slot = (slot + 1) % kSlots;
  Entry& entry = entries[entries_used++];
  entry.name = name;
  slots[slot].store(static_cast<std::uint16_t>(entries_used), std::memory_order_release);
  return &entry;
}

void load(Waiting& one) {
  const base::MutexLock lock(loading);
  if (one.loaded.load(std::memory_order_relaxed)) return;
  for (const FrozenModule& module : one.package->modules) {
    Entry* const entry = look_up_or_add(one.package->text(module.name));
    if (entry == nullptr) {
      base::log(base::LogLevel::kError, "imports: the table of watched modules is full");
      break;
    }
    entry->module = &module;
    entry->package = one.package;
    entry->gives_way = one.gives_way;
  }
  one.loaded.store(true, std::memory_order_release);
}

// The package that the name is in or below of, if it is still to be loaded.
Waiting* find_waiting(std::string_view name) {
  const std::size_t used = packages_used.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < used; ++i) {
    Waiting& one = packages[i];
    if (name.starts_with(one.root) &&
        (name.size() == one.root.size() || name[one.root.size()] == '.') &&
        !one.loaded.load(std::memory_order_acquire))
      return &one;
  }
  return nullptr;
}

}  // namespace

void await_package(const FrozenPackage& package, bool gives_way) {
  const std::size_t used = packages_used.load(std::memory_order_relaxed);
  if (used == kMaxPackages) return;
  Waiting& one = packages[used];
  one.package = &package;
  one.gives_way = gives_way;
  one.root = package.name;
  packages_used.store(used + 1, std::memory_order_release);
}

Entry* find(std::string_view name) {
  if (Waiting* const waiting = find_waiting(name)) [[unlikely]]
    load(*waiting);
  return look_up(name);
}

Entry* find_or_add(std::string_view name) { return look_up_or_add(name); }

bool add_hook(Entry& entry, const ModuleHook& hook) {
  if (links_used == kMaxEntries) return false;
  HookList** last = &entry.hooks;
  while (*last != nullptr) last = &(*last)->next;
  hook_links[links_used] = {&hook, nullptr};
  *last = &hook_links[links_used++];
  return true;
}

void drop_hooks() {
  for (std::size_t i = 0; i < entries_used; ++i) {
    entries[i].hooks = nullptr;
    set_pending(entries[i], false);
  }
}

void set_pending(Entry& entry, bool pending) {
  if (entry.pending == pending) return;
  entry.pending = pending;
  pending ? ++pending_count : --pending_count;
}

bool any_pending() { return pending_count != 0; }

std::size_t entry_count() { return entries_used; }
Entry& entry_at(std::size_t index) { return entries[index]; }

}  // namespace dd::py::imports
