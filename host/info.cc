#include "host/info.h"

#include <Python.h>
#include <unistd.h>

#include <string>

#include "host/identity.h"

#ifndef DD_VERSION
#define DD_VERSION "0"
#endif

namespace dd::host {
namespace {

std::string version_line() {
  return "ddpython " DD_VERSION " (CPython " PY_VERSION ", built for " +
         std::string(base_python()) + ")\n";
}

}  // namespace

int print_text(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(1, text.data(), text.size());
    if (written <= 0) return 1;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

int print_version() { return print_text(version_line()); }

int print_info() { return print_text(version_line()); }

}  // namespace dd::host
