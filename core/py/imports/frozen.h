// Python packages inside the binary: compiled at build time by the interpreter they are for
// (dd_python_package), plus native modules below them. Nothing is created until the first import,
// and an installed package of the same name is never looked at: its submodules do not mix with
// ours.
//
// Tracebacks, inspect.getsource, runpy, pkgutil.get_data and importlib.resources work as they do
// for files.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/py/ref.h"

namespace dd::py {

// Places, not addresses: nothing for the loader to correct (core/base/kept_text.h).
struct FrozenText {
  std::uint32_t at, size;
};

struct FrozenModule {
  FrozenText name;  // "ddtrace.trace"
  FrozenText file;  // "ddtrace/trace/__init__.py"
  FrozenText code;  // marshalled
  FrozenText source;
  bool is_package;
};

struct FrozenFile {
  FrozenText path;  // "ddtrace/py.typed"
  FrozenText data;
};

struct FrozenPackage {
  std::string_view name;
  const char* texts;
  std::span<const FrozenModule> modules;
  std::span<const FrozenFile> files;

  std::string_view text(FrozenText of) const { return {texts + of.at, of.size}; }
};

struct NativeModule {
  std::string_view name;  // "ddtrace._native"
  PyObject* (*init)();    // as PyInit_x: PyModuleDef_Init(&definition)
};

namespace frozen {

// The tables have static storage. Before or after import_hook::install(); GIL not needed.
void serve(const FrozenPackage& package);
// The same, for a package that gives way to an installed one of its name.
void serve_last(const FrozenPackage& package);
void serve(std::span<const NativeModule> modules);

}  // namespace frozen
}  // namespace dd::py
