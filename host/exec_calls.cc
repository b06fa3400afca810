#include "host/exec_calls.h"

#include <Python.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/own_file.h"
#include "host/children/redirect.h"
#include "host/sudden_end.h"

extern "C" {
int __real_fexecve(int file, char* const argv[], char* const envp[]);
int __real_posix_spawn(pid_t* child, const char* path, const posix_spawn_file_actions_t* actions,
                       const posix_spawnattr_t* attributes, char* const argv[], char* const envp[]);
int __real_posix_spawnp(pid_t* child, const char* file, const posix_spawn_file_actions_t* actions,
                        const posix_spawnattr_t* attributes, char* const argv[],
                        char* const envp[]);
int __real_system(const char* command);
}

namespace dd::host {
namespace {

using children::Follow;
using children::Target;

constinit std::atomic<Children> followed{Children::kNone};

constinit char root_entry[80] = {}, parent_entry[80] = {};
constinit const char* const session_entries[] = {root_entry, parent_entry, nullptr};

// Where this program lies, on the stack of whoever executes another one.
class Here {
 public:
  bool find() {
    const Children which = followed.load(std::memory_order_relaxed);
    if (which == Children::kNone) return false;
    if (!base::read_own_file(own_, sizeof own_)) return false;
    if (which == Children::kDirect) return true;
    std::memcpy(library_, own_, sizeof own_);
    char* const name = std::strrchr(library_, '/') + 1;
    if (name + sizeof kChildrenLibrary <= library_ + sizeof library_) {
      std::memcpy(name, kChildrenLibrary, sizeof kChildrenLibrary);
      through_ = access(library_, R_OK) == 0;
    }
    return true;
  }
  Follow follow() const {
    return {own_, PY_MINOR_VERSION, through_ ? library_ : nullptr,
            root_entry[0] != 0 ? session_entries : nullptr};
  }

 private:
  char own_[1024];
  char library_[1024];
  bool through_ = false;
};

// find_python() for every caller. False: nothing is to change.
bool find(const Here& here, const char* path, char* const envp[], Target& out) {
  return children::find_python(here.follow(), path, envp, out) || here.follow().library != nullptr;
}

int real_execve(const char* path, char* const argv[], char* const envp[], void*) {
  return static_cast<int>(syscall(SYS_execve, path, argv, envp));
}

int replace(const char* path, char* const argv[], char* const envp[]) {
  Here here;
  Target target;
  if (path != nullptr && here.find() && find(here, path, envp, target))
    return children::execute(here.follow(), target, path, argv, envp, real_execve, nullptr);
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

int start(Spawn spawn, const char* path, char* const argv[], char* const envp[]) {
  Here here;
  Target target;
  if (path != nullptr && here.find() && find(here, path, envp, target))
    return children::execute(here.follow(), target, path, argv, envp, real_spawn, &spawn);
  return real_spawn(path, argv, envp, &spawn);
}

// system(), whose shell is to preload the library.
int run_shell(const char* command) {
  struct sigaction ignore = {}, interrupt, quit;
  ignore.sa_handler = SIG_IGN;
  sigemptyset(&ignore.sa_mask);
  sigset_t child_signal, before, defaults;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  sigemptyset(&defaults);
  sigaction(SIGINT, &ignore, &interrupt);
  sigaction(SIGQUIT, &ignore, &quit);
  pthread_sigmask(SIG_BLOCK, &child_signal, &before);
  if (interrupt.sa_handler != SIG_IGN) sigaddset(&defaults, SIGINT);
  if (quit.sa_handler != SIG_IGN) sigaddset(&defaults, SIGQUIT);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &before);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  const char* const arguments[] = {"sh", "-c", command, nullptr};
  pid_t child = -1;
  int status = 127 << 8;
  if (start({&child, nullptr, &attributes}, "/bin/sh", const_cast<char* const*>(arguments),
            environ) == 0)
    while (waitpid(child, &status, 0) == -1) {
      if (errno == EINTR) continue;
      status = -1;
      break;
    }
  posix_spawnattr_destroy(&attributes);
  const int why = errno;
  sigaction(SIGINT, &interrupt, nullptr);
  sigaction(SIGQUIT, &quit, nullptr);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = why;
  return status;
}

}  // namespace

void follow_children(Children which) { followed.store(which, std::memory_order_relaxed); }

// A forked child does this as well: without the many pages of printf.
void tell_children(const char* root, const char* parent) {
  constexpr char kRoot[] = "_DD_ROOT_PY_SESSION_ID=", kParent[] = "_DD_PARENT_PY_SESSION_ID=";
  std::memcpy(root_entry, kRoot, sizeof kRoot);
  std::strncat(root_entry, root, sizeof root_entry - sizeof kRoot);
  std::memcpy(parent_entry, kParent, sizeof kParent);
  std::strncat(parent_entry, parent, sizeof parent_entry - sizeof kParent);
}

int execute_as_it_is(const char* path, char* const argv[]) {
  return real_execve(path, argv, environ, nullptr);
}

int execute_followed(const char* path, char* const argv[]) { return replace(path, argv, environ); }

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
  return start({child, actions, attributes}, path, argv, envp);
}

int __wrap_posix_spawnp(pid_t* child, const char* file, const posix_spawn_file_actions_t* actions,
                        const posix_spawnattr_t* attributes, char* const argv[],
                        char* const envp[]) {
  char path[1024];
  if (file != nullptr && *file != 0 &&
      followed.load(std::memory_order_relaxed) != Children::kNone &&
      children::find_on_path(file, environ, path))
    return start({child, actions, attributes}, path, argv, envp);
  return __real_posix_spawnp(child, file, actions, attributes, argv, envp);
}

int __wrap_system(const char* command) {
  return command != nullptr && followed.load(std::memory_order_relaxed) == Children::kAll
             ? run_shell(command)
             : __real_system(command);
}

}  // extern "C"
