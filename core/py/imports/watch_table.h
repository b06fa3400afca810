// What the finder knows, by module name: a fixed open-addressing table. Lookup touches the first
// and last bytes of the name and, for most names, one slot. Entries are added during start-up, or
// with the first import of a package from the binary, and never removed.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/py/imports/frozen.h"
#include "core/py/imports/import_hook.h"

namespace dd::py::imports {

struct HookList {
  const ModuleHook* hook;
  HookList* next;
};

struct Entry {
  std::string_view name;
  const FrozenModule* module = nullptr;    // at most one of these two;
  const NativeModule* native = nullptr;    // with neither, the module is watched only
  const FrozenPackage* package = nullptr;  // where `module` is from
  HookList* hooks = nullptr;               // in the order they were added
  bool gives_way = false;                  // `module` only where nobody else has one
  bool pending = false;                    // imported without our seeing the end of it
};

inline constexpr std::size_t kMaxEntries = 1000;
inline constexpr std::size_t kSlots = 2048;
inline constexpr std::size_t kMaxPackages = 4;

// The modules of the package have entries from the first time on that somebody asks for one of
// them.
void await_package(const FrozenPackage& package, bool gives_way);

// Null when absent.
Entry* find(std::string_view name);
// Null when the table is full. Does not make a package load: a module of one may be watched.
Entry* find_or_add(std::string_view name);
bool add_hook(Entry& entry, const ModuleHook& hook);
void drop_hooks();
void set_pending(Entry& entry, bool pending);
bool any_pending();

std::size_t entry_count();
Entry& entry_at(std::size_t index);

// frozen.cc: the spec of an entry with a module or a native module. Null with an exception set.
PyObject* frozen_spec(const Entry& entry, PyObject* name);

}  // namespace dd::py::imports
