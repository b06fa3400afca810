// The beginning of the interpreter's process, when this library was preloaded by the launcher.
//
// `_start` of the interpreter's program asks the C library to run its main(): the loader finds this
// function instead, and ours is run. Everything that follows is the same as in a ddpython that has
// the interpreter linked in. Without the launcher's word in the environment, main() stays theirs.

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/own_file.h"
#include "host/bootstrap.h"
#include "host/preload/calls.h"
#include "host/preload/launcher.h"

namespace dd::host::preload {
namespace {

using Main = int (*)(int, char**, char**);
using StartMain = int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);

// /proc/self/environ shows the bytes, whatever envp says.
void wipe(char* text) { memset(text, 0, strlen(text)); }

// A copy of the value of an entry, which leaves the environment; null when there is none.
char* take(char** envp, const char* name) {
  const size_t size = strlen(name);
  char* value = nullptr;
  char** to = envp;
  for (char** from = envp; *from != nullptr; ++from) {
    if (strncmp(*from, name, size) == 0 && (*from)[size] == '=') {
      value = strdup(*from + size + 1);
      wipe(*from);
    } else {
      *to++ = *from;
    }
  }
  *to = nullptr;
  return value;
}

// Leaves what the user preloads, or nothing.
void take_ourselves_out(char** envp) {
  constexpr char kList[] = "LD_PRELOAD=";
  for (char** entry = envp; *entry != nullptr; ++entry) {
    if (strncmp(*entry, kList, sizeof kList - 1) != 0) continue;
    char* const value = *entry + sizeof kList - 1;
    const char* const rest = strchr(value, ':');
    if (rest == nullptr) {
      free(take(envp, "LD_PRELOAD"));
      return;
    }
    const size_t size = strlen(rest);  // with the zero
    memmove(value, rest + 1, size);
    wipe(value + size);
    return;
  }
}

// As the kernel names a process by the file that it executes: not by the interpreter.
void name_process(const char* path) {
  if (path == nullptr) return;
  const char* const slash = strrchr(path, '/');
  prctl(PR_SET_NAME, slash == nullptr ? path : slash + 1);
}

int run_main(int argc, char** argv, char**) { return run(argc, argv); }

Main main_for(int argc, char** argv, Main theirs) {
  char** const envp = argv + argc + 1;
  const char* const file = take(envp, kFileVariable);
  if (file == nullptr) return theirs;
  const char* const name = take(envp, kNameVariable);
  base::set_own_file(file, name);
  name_process(name);
  if (const char* const descriptor = take(envp, kDescriptorVariable)) close(atoi(descriptor));
  take_ourselves_out(envp);
  take_calls();
  return run_main;
}

}  // namespace
}  // namespace dd::host::preload

extern "C" [[gnu::visibility("default")]] int __libc_start_main(dd::host::preload::Main main,
                                                                int argc, char** argv,
                                                                void (*init)(), void (*fini)(),
                                                                void (*loader_fini)(),
                                                                void* stack_end) {
  using namespace dd::host::preload;
  const auto real = reinterpret_cast<StartMain>(dlsym(RTLD_NEXT, "__libc_start_main"));
  return real(main_for(argc, argv, main), argc, argv, init, fini, loader_fini, stack_end);
}
