// The version of the Python inside, as "3.11.2".

#pragma once

#include <patchlevel.h>

#include <string>

namespace dd::host {

inline std::string python_version() {
  std::string version = PY_VERSION;
  if (version.ends_with('+')) version.pop_back();
  return version;
}

}  // namespace dd::host
