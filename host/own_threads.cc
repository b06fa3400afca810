// From 3.12 on, os.fork() and os.forkpty() warn in a process of several threads, which they count
// in /proc/self/stat. The worker is no reason to warn: it is made for forks (core/base/fork.h).
// CPython's fopen is taken at link time (--wrap), and that one file shows the threads without it.

#include <stdio.h>
#include <string.h>

#include <cstdlib>

#include "core/transport/worker.h"

extern "C" {
FILE* __real_fopen64(const char* path, const char* mode);
FILE* __wrap_fopen64(const char* path, const char* mode);
}

namespace dd::host {
namespace {

// Lowers the 20th field, num_threads, by one. False when the line is not as expected.
bool leave_out_worker(char* line) {
  char* at = strrchr(line, ')');  // of the second field, which may hold anything
  for (int field = 2; at != nullptr && field < 20; ++field) {
    at = strchr(at, ' ');
    if (at != nullptr) ++at;
  }
  if (at == nullptr) return false;
  char* end = nullptr;
  const long threads = std::strtol(at, &end, 10);
  if (threads < 2 || *end != ' ') return false;
  // Padded with zeros to the same length: 09 for what was 10.
  char number[24];
  const int size = static_cast<int>(end - at);
  if (snprintf(number, sizeof number, "%0*ld", size, threads - 1) != size) return false;
  memcpy(at, number, static_cast<std::size_t>(size));
  return true;
}

FILE* without_worker(FILE* real) {
  char line[1024];
  const std::size_t size = fread(line, 1, sizeof line - 1, real);
  line[size] = 0;
  FILE* const shown = size > 0 && leave_out_worker(line) ? fmemopen(nullptr, size, "w+") : nullptr;
  if (shown == nullptr) {
    rewind(real);
    return real;
  }
  fclose(real);
  fwrite(line, 1, size, shown);
  rewind(shown);
  return shown;
}

}  // namespace
}  // namespace dd::host

FILE* __wrap_fopen64(const char* path, const char* mode) {
  FILE* const real = __real_fopen64(path, mode);
  if (real == nullptr || strcmp(path, "/proc/self/stat") != 0 ||
      !dd::transport::Worker::get().running())
    return real;
  return dd::host::without_worker(real);
}
