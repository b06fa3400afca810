// One integration: a constant that says what it hooks, and when.
//
// `modules` trigger it: when one of them has been imported, prepare() runs and the targets are
// applied together or not at all. Integrations are listed in contrib/integrations.def and found by
// contrib/registry.h; nothing registers itself.

#pragma once

#include <span>

#include "contrib/rules/settings.h"
#include "contrib/support/terms.h"

namespace dd::contrib {

// Targets that only some settings ask for; `wanted` is asked after prepare().
struct Extra {
  std::span<const py::Target> targets;
  bool (*wanted)();
};

struct Integration {
  const char* name;               // of DD_TRACE_<NAME>_ENABLED and patch(<name>=True)
  const char* package = nullptr;  // on the package index; null for the standard library
  const char* versions = "";      // that it is made for, ">=2.25.1"
  std::span<const char* const> modules;
  std::span<const py::Target> targets;
  // Reads its settings: before the first hook, and again when one has changed. What it replaces
  // stays valid, calls may be looking at it. GIL held.
  void (*prepare)(const Settings&) = nullptr;
  std::span<const Extra> extras{};
  void (*stop)() = nullptr;  // takes back what prepare() did besides; prepare() may come again
};

// What is in force. Set before the first integration is prepared; replaced as a whole when the
// application's code changes a setting: ask for it in each call, a reference taken stays valid.
const Settings& settings();
void set_settings(const Settings* settings);

}  // namespace dd::contrib
