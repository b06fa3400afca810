// Python packages inside the binary: compiled at build time by the interpreter they are for
// (dd_python_package), plus native modules below them. Nothing is created until the first import,
// and an installed package of the same name is never looked at: its submodules do not mix with ours.
//
// Tracebacks, inspect.getsource, runpy, pkgutil.get_data and importlib.resources work as they do
// for files.

#pragma once

#include <span>
#include <string_view>

#include "core/py/ref.h"

namespace dd::py {

struct FrozenModule {
  std::string_view name;    // "ddtrace.trace"
  std::string_view file;    // "ddtrace/trace/__init__.py"
  std::string_view code;    // marshalled
  std::string_view source;
  bool is_package;
};

struct FrozenFile {
  std::string_view path;  // "ddtrace/py.typed"
  std::string_view data;
};

struct FrozenPackage {
  std::span<const FrozenModule> modules;
  std::span<const FrozenFile> files;
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
