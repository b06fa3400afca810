// The beginning of the interpreter's process, when this library was preloaded by the launcher.
//
// `_start` of the interpreter's program asks the C library to run its main(): the loader finds this
// function instead, and ours is run. Everything that follows is the same as in a ddpython that has
// the interpreter linked in. Without the launcher's word in the environment, main() stays theirs.

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/own_file.h"
#include "host/bootstrap.h"
#include "host/preload/calls.h"
#include "host/preload/launcher.h"

namespace dd::host::preload {
namespace {

using Main = int (*)(int, char**, char**);
using StartMain = int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);

// The value of an entry, which leaves the environment; null when there is none.
char* take(char** envp, const char* name) {
  const size_t size = strlen(name);
  char* value = nullptr;
  char** to = envp;
  for (char** from = envp; *from != nullptr; ++from) {
    if (strncmp(*from, name, size) == 0 && (*from)[size] == '=')
      value = *from + size + 1;
    else
      *to++ = *from;
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
    if (rest == nullptr)
      (void)take(envp, "LD_PRELOAD");
    else
      memmove(value, rest + 1, strlen(rest));
    return;
  }
}

int run_main(int argc, char** argv, char**) { return run(argc, argv); }

Main main_for(int argc, char** argv, Main theirs) {
  char** const envp = argv + argc + 1;
  const char* const file = take(envp, kFileVariable);
  if (file == nullptr) return theirs;
  base::set_own_file(file, take(envp, kNameVariable));
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
