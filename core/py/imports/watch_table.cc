#include "core/py/imports/watch_table.h"

#include <cstring>

namespace dd::py::imports {
namespace {

constinit Entry entries[kMaxEntries] = {};
constinit HookList hook_links[kMaxEntries] = {};
constinit std::uint16_t slots[kSlots] = {};  // index + 1; 0 is free
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
  return static_cast<std::uint32_t>((mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9u >> 52);
}
static_assert(kSlots == 1 << 12);  // the shift by 52 above

}  // namespace

Entry* find(std::string_view name) {
  for (std::uint32_t slot = slot_of(name);; slot = (slot + 1) % kSlots) {
    if (slots[slot] == 0) return nullptr;
    Entry& entry = entries[slots[slot] - 1];
    if (entry.name == name) return &entry;
  }
}

Entry* find_or_add(std::string_view name) {
  std::uint32_t slot = slot_of(name);
  for (; slots[slot] != 0; slot = (slot + 1) % kSlots)
    if (entries[slots[slot] - 1].name == name) return &entries[slots[slot] - 1];
  if (entries_used == kMaxEntries) return nullptr;
  Entry& entry = entries[entries_used++];
  entry.name = name;
  slots[slot] = static_cast<std::uint16_t>(entries_used);
  return &entry;
}

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
