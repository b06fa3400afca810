#include "core/base/own_file.h"

#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace dd::base {
namespace {

constexpr const char* kLink = "/proc/self/exe";

constinit const char* file_told = nullptr;
constinit const char* start_told = nullptr;

}  // namespace

const char* own_file() { return file_told != nullptr ? file_told : kLink; }

const char* started_as() {
  return file_told != nullptr ? start_told : reinterpret_cast<const char*>(getauxval(AT_EXECFN));
}

bool read_own_file(char* out, std::size_t size) {
  if (file_told != nullptr) {
    const std::size_t length = std::strlen(file_told);
    if (length >= size) return false;
    std::memcpy(out, file_told, length + 1);
    return true;
  }
  const ssize_t length = readlink(kLink, out, size - 1);
  if (length <= 0) return false;
  out[length] = 0;
  return true;
}

void become_own_copy(const char* option) {
  const char* const words[] = {"ddpython", option, nullptr};
  const char* const environment[] = {nullptr};
  // Not by the C library's names: the host has a step of its own before those.
  syscall(SYS_execve, own_file(), words, environment);
  for (;;) syscall(SYS_exit_group, 127);
}

void set_own_file(const char* file, const char* started) {
  file_told = file;
  start_told = started;
}

}  // namespace dd::base
