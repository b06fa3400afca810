#include "core/base/check.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace dd::base {

void check_failed(const char* file, int line, const char* what) {
  char text[512];
  const int size =
      std::snprintf(text, sizeof(text), "ddpython: %s:%d: check failed: %s\n", file, line, what);
  if (size > 0) (void)!write(2, text, static_cast<size_t>(size));
  std::abort();
}

}  // namespace dd::base
