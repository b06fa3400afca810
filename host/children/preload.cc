// ddchildren3.X.so: in programs that are not python, the calls that execute another program. A
// python becomes the ddpython beside this library (redirect.h); everything else is as it was.
// system() and popen() execute a shell, which has this library as well.

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <patchlevel.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/children/redirect.h"
#include "host/exec_calls.h"

namespace dd::host::children {
namespace {

constexpr int kMaxArguments = 4096;  // of execl: more are left to the C library's own limits
char library[1024], program[1024];

// By the dynamic loader, before the program runs.
[[gnu::constructor]] void locate() {
  Dl_info info;
  char resolved[PATH_MAX];
  if (dladdr(library, &info) == 0 || info.dli_fname == nullptr ||
      realpath(info.dli_fname, resolved) == nullptr || strlen(resolved) >= sizeof library)
    return;
  constexpr char kProgram[] = "ddpython3." DD_TEXT_OF(PY_MINOR_VERSION);
  strcpy(program, resolved);
  char* const name = strrchr(program, '/') + 1;
  if (name + sizeof kProgram > program + sizeof program) return;
  memcpy(name, kProgram, sizeof kProgram);
  strcpy(library, resolved);
}

bool find(const char* path, char* const envp[], Follow& follow, Target& target) {
  follow = {program, PY_MINOR_VERSION, library};
  return path != nullptr && library[0] != 0 && find_python(follow, path, envp, target);
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int real_execve(const char* path, char* const argv[], char* const envp[], void*) {
  return static_cast<int>(syscall(SYS_execve, path, argv, envp));
}

int replace(const char* path, char* const argv[], char* const envp[]) {
  Follow follow;
  Target target;
  if (find(path, envp, follow, target))
    return execute(follow, target, path, argv, envp, real_execve, nullptr);
  return real_execve(path, argv, envp, nullptr);
}

// The C library knows what to do with a file that is no program.
int replace_by_name(const char* file, char* const argv[], char* const envp[]) {
  char path[1024];
  Follow follow;
  Target target;
  if (*file != 0 && find_on_path(file, environ, path) && find(path, envp, follow, target))
    return execute(follow, target, path, argv, envp, real_execve, nullptr);
  return next<int(const char*, char* const[], char* const[])>("execvpe")(file, argv, envp);
}

struct Spawn {
  pid_t* child;
  const posix_spawn_file_actions_t* actions;
  const posix_spawnattr_t* attributes;
};
using SpawnCall = int(pid_t*, const char*, const posix_spawn_file_actions_t*,
                      const posix_spawnattr_t*, char* const[], char* const[]);

int real_spawn(const char* path, char* const argv[], char* const envp[], void* data) {
  const Spawn& spawn = *static_cast<const Spawn*>(data);
  return next<SpawnCall>("posix_spawn")(spawn.child, path, spawn.actions, spawn.attributes, argv,
                                        envp);
}

}  // namespace
}  // namespace dd::host::children

using namespace dd::host::children;

// The arguments of an execl call, up to the null pointer, as `argv`.
#define DD_COLLECT(argv, list, first)                                                              \
  const char* argv[kMaxArguments + 1];                                                             \
  int argv##_count = 0;                                                                            \
  for (const char* word = first; argv##_count < kMaxArguments; word = va_arg(list, const char*)) { \
    argv[argv##_count++] = word;                                                                   \
    if (word == nullptr) break;                                                                    \
  }                                                                                                \
  argv[argv##_count] = nullptr

extern "C" {
#pragma GCC visibility push(default)

int execve(const char* path, char* const argv[], char* const envp[]) noexcept {
  return replace(path, argv, envp);
}
int execv(const char* path, char* const argv[]) noexcept { return replace(path, argv, environ); }
int execvpe(const char* file, char* const argv[], char* const envp[]) noexcept {
  return replace_by_name(file, argv, envp);
}
int execvp(const char* file, char* const argv[]) noexcept {
  return replace_by_name(file, argv, environ);
}

int execl(const char* path, const char* first, ...) noexcept {
  va_list list;
  va_start(list, first);
  DD_COLLECT(argv, list, first);
  va_end(list);
  return replace(path, const_cast<char* const*>(argv), environ);
}
int execlp(const char* file, const char* first, ...) noexcept {
  va_list list;
  va_start(list, first);
  DD_COLLECT(argv, list, first);
  va_end(list);
  return replace_by_name(file, const_cast<char* const*>(argv), environ);
}
int execle(const char* path, const char* first, ...) noexcept {
  va_list list;
  va_start(list, first);
  DD_COLLECT(argv, list, first);
  char* const* const envp = va_arg(list, char* const*);
  va_end(list);
  return replace(path, const_cast<char* const*>(argv), envp);
}

int posix_spawn(pid_t* child, const char* path, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes, char* const argv[], char* const envp[]) {
  Spawn spawn = {child, actions, attributes};
  Follow follow;
  Target target;
  if (find(path, envp, follow, target))
    return execute(follow, target, path, argv, envp, real_spawn, &spawn);
  return real_spawn(path, argv, envp, &spawn);
}
int posix_spawnp(pid_t* child, const char* file, const posix_spawn_file_actions_t* actions,
                 const posix_spawnattr_t* attributes, char* const argv[], char* const envp[]) {
  char path[1024];
  Spawn spawn = {child, actions, attributes};
  Follow follow;
  Target target;
  if (*file != 0 && find_on_path(file, environ, path) && find(path, envp, follow, target))
    return execute(follow, target, path, argv, envp, real_spawn, &spawn);
  return next<SpawnCall>("posix_spawnp")(child, file, actions, attributes, argv, envp);
}

#pragma GCC visibility pop
}
