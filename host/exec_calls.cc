#include "host/exec_calls.h"

#include <Python.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "host/children/redirect.h"
#include "host/sudden_end.h"

extern "C" {
int __real_fexecve(int file, char* const argv[], char* const envp[]);
int __real_posix_spawn(pid_t* child, const char* path, const posix_spawn_file_actions_t* actions,
                       const posix_spawnattr_t* attributes, char* const argv[],
                       char* const envp[]);
int __real_posix_spawnp(pid_t* child, const char* file, const posix_spawn_file_actions_t* actions,
                        const posix_spawnattr_t* attributes, char* const argv[],
                        char* const envp[]);
}

namespace dd::host {
namespace {

constinit std::atomic<bool> redirects{false};

bool find(const char* path, char* const envp[], children::Target& out) {
  if (path == nullptr || !redirects.load(std::memory_order_relaxed)) return false;
  char own[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", own, sizeof own - 1);
  if (size <= 0) return false;
  own[size] = 0;
  return children::find_python(own, PY_MINOR_VERSION, path, envp, out);
}

int real_execve(const char* path, char* const argv[], char* const envp[], void*) {
  return static_cast<int>(syscall(SYS_execve, path, argv, envp));
}

int replace(const char* path, char* const argv[], char* const envp[]) {
  children::Target target;
  if (find(path, envp, target))
    return children::execute(target, path, argv, envp, real_execve, nullptr);
  return real_execve(path, argv, envp, nullptr);
}

struct Spawn {
  pid_t* child;
  const posix_spawn_file_actions_t* actions;
  const posix_spawnattr_t* attributes;
};

int real_spawn(const char* path, char* const argv[], char* const envp[], void* data) {
  const Spawn& spawn = *static_cast<const Spawn*>(data);
  return __real_posix_spawn(spawn.child, path, spawn.actions, spawn.attributes, argv, envp);
}

// As posix_spawnp looks it up. False when it is not found.
bool search(const char* file, char (&out)[PATH_MAX]) {
  const char* path = std::getenv("PATH");
  if (path == nullptr) path = "/bin:/usr/bin";
  const std::size_t size = std::strlen(file);
  for (;;) {
    const char* const colon = strchrnul(path, ':');
    const std::size_t folder = static_cast<std::size_t>(colon - path);
    if (folder + size + 2 < sizeof out) {
      std::memcpy(out, path, folder);
      std::size_t at = folder;
      if (folder != 0) out[at++] = '/';
      std::memcpy(out + at, file, size + 1);
      if (access(out, X_OK) == 0) return true;
    }
    if (*colon == 0) return false;
    path = colon + 1;
  }
}

}  // namespace

void redirect_children(bool on) { redirects.store(on, std::memory_order_relaxed); }

int execute_as_it_is(const char* path, char* const argv[]) {
  return real_execve(path, argv, environ, nullptr);
}

}  // namespace dd::host

using namespace dd::host;

extern "C" {

// These two stand in the place of the C library's, for CPython and for its extension modules: in
// many builds _posixsubprocess is one.
[[gnu::visibility("default")]] int execv(const char* path, char* const argv[]) noexcept {
  before_sudden_end();
  return replace(path, argv, environ);
}

[[gnu::visibility("default")]] int execve(const char* path, char* const argv[],
                                          char* const envp[]) noexcept {
  before_sudden_end();
  return replace(path, argv, envp);
}

int __wrap_fexecve(int file, char* const argv[], char* const envp[]) {
  before_sudden_end();
  return __real_fexecve(file, argv, envp);
}

int __wrap_posix_spawn(pid_t* child, const char* path, const posix_spawn_file_actions_t* actions,
                       const posix_spawnattr_t* attributes, char* const argv[],
                       char* const envp[]) {
  children::Target target;
  Spawn spawn = {child, actions, attributes};
  if (find(path, envp, target))
    return children::execute(target, path, argv, envp, real_spawn, &spawn);
  return __real_posix_spawn(child, path, actions, attributes, argv, envp);
}

int __wrap_posix_spawnp(pid_t* child, const char* file, const posix_spawn_file_actions_t* actions,
                        const posix_spawnattr_t* attributes, char* const argv[],
                        char* const envp[]) {
  char path[PATH_MAX];
  if (file != nullptr && *file != 0 && std::strchr(file, '/') == nullptr &&
      redirects.load(std::memory_order_relaxed) && search(file, path)) {
    children::Target target;
    Spawn spawn = {child, actions, attributes};
    if (find(path, envp, target))
      return children::execute(target, path, argv, envp, real_spawn, &spawn);
  }
  if (file != nullptr && std::strchr(file, '/') != nullptr)
    return __wrap_posix_spawn(child, file, actions, attributes, argv, envp);
  return __real_posix_spawnp(child, file, actions, attributes, argv, envp);
}

}  // extern "C"
