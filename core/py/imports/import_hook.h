// Watching imports: a native finder that stands first on sys.meta_path.
//
// It does two things. It calls back when a module named in a table has been imported, and it serves
// modules that live in the binary (core/py/imports/frozen.h). For every other module it is one
// table lookup.
//
// A watched module is found and loaded by whoever would have done so. Until its code runs, its
// spec holds a stand-in for the loader that forwards everything and puts the real loader back on
// the spec and the module before the first line of the module runs: `__spec__` and `__loader__`
// never show it. A namespace package has no code and is not reported: watch its submodules.
//
//   constexpr py::ModuleHook kHooks[] = {{"requests.sessions", &patch_sessions}};
//   py::import_hook::add(kHooks);
//
// All functions need the GIL and no pending Python error; they leave none.

#pragma once

#include <span>
#include <string_view>

#include "core/base/status.h"
#include "core/py/ref.h"

namespace dd::py {

struct ModuleHook {
  std::string_view module;  // absolute name, ASCII; the text never goes away
  // Runs each time the module's code has run without an exception: once, and again after a reload.
  // The module is the one in sys.modules. What it throws or leaves as an Exception is dropped.
  void (*imported)(Handle module, const void* data);
  const void* data = nullptr;
};

namespace import_hook {

// Puts the finder first on sys.meta_path, or back there. Needs sys.meta_path, nothing else.
Status install();
// Takes it away again. Hooks are forgotten, modules already served stay.
void remove();

// Watches the modules of a table with static storage. Modules already imported are reported before
// it returns. Puts the finder back in the first place when another was put before it since.
void add(std::span<const ModuleHook> hooks);

}  // namespace import_hook
}  // namespace dd::py
