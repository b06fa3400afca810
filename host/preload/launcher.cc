// Where a preloaded ddpython begins when it is executed: it makes itself the first library that is
// preloaded and executes the interpreter it was built for.
//
// The file is a shared library with an entry point and without a program interpreter: the kernel
// jumps here before anything is loaded. There is no C library, no relocation is applied, no
// thread-local storage exists. So: system calls and the stack, strings within this file, no library
// function, none that the compiler would put in (the build turns off what would make it do so).
//
// What it adds to the environment is taken out again before Python starts (host/preload/start.cc).

#include "host/preload/launcher.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/syscall.h>

#ifndef DD_BASE_PYTHON
#error "DD_BASE_PYTHON names the interpreter that is executed"
#endif

#define DD_HIDDEN extern "C" [[gnu::visibility("hidden")]]

DD_HIDDEN [[noreturn]] void dd_launch_main(long* stack);

#if defined(__x86_64__)
asm(".text\n.globl dd_launch\n.hidden dd_launch\n.type dd_launch,@function\n"
    "dd_launch:\n"
    "  xorl %ebp, %ebp\n"
    "  movq %rsp, %rdi\n"
    "  andq $-16, %rsp\n"
    "  call dd_launch_main\n"
    "  hlt\n");
#elif defined(__aarch64__)
asm(".text\n.globl dd_launch\n.hidden dd_launch\n.type dd_launch,%function\n"
    "dd_launch:\n"
    "  mov x29, #0\n"
    "  mov x30, #0\n"
    "  mov x0, sp\n"
    "  bl dd_launch_main\n");
#else
#error "the entry of a preloaded ddpython is not written for this processor"
#endif

namespace dd::host::preload {
namespace {

long call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
#if defined(__x86_64__)
  long result;
  register long fourth asm("r10") = d;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
               : "rcx", "r11", "memory");
  return result;
#else
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
#endif
}

long address(const void* of) { return reinterpret_cast<long>(of); }

unsigned long length(const char* text) {
  unsigned long size = 0;
  while (text[size] != 0) ++size;
  return size;
}

bool begins(const char* text, const char* with) {
  while (*with != 0)
    if (*text++ != *with++) return false;
  return true;
}

// Text that is put together in a fixed room; ends with a zero.
template <unsigned long kRoom>
struct Text {
  char bytes[kRoom];
  unsigned long size = 0;
  bool fits = true;

  Text& add(const char* part) {
    for (; *part != 0; ++part) {
      fits = fits && size + 1 < kRoom;
      if (!fits) return *this;
      bytes[size++] = *part;
    }
    bytes[size] = 0;
    return *this;
  }
  Text& add(long number) {
    char digits[24];
    char* at = digits + sizeof digits;
    *--at = 0;
    do {
      *--at = static_cast<char>('0' + number % 10);
    } while ((number /= 10) != 0);
    return add(at);
  }
};

[[noreturn]] void fail(const char* why, const char* what, int status) {
  Text<5000> line;
  line.add("ddpython: ").add(why).add(what).add("\n");
  call(SYS_write, 2, address(line.bytes), static_cast<long>(line.size));
  for (;;) call(SYS_exit_group, status);
}

// The dynamic loader splits its list at these.
bool is_listable(const char* path) {
  for (; *path != 0; ++path)
    if (*path == ':' || *path == ' ') return false;
  return true;
}

long value_of(const long* auxiliary, long type) {
  for (; auxiliary[0] != AT_NULL; auxiliary += 2)
    if (auxiliary[0] == type) return auxiliary[1];
  return 0;
}

// The loader preloads nothing that has a path into what runs with the rights of another user.
bool may_preload(const long* auxiliary) {
  return value_of(auxiliary, AT_UID) == value_of(auxiliary, AT_EUID) &&
         value_of(auxiliary, AT_GID) == value_of(auxiliary, AT_EGID);
}

[[noreturn]] void become_python(char** argv, const void* environment) {
  const long error = call(SYS_execve, address(DD_BASE_PYTHON), address(argv), address(environment));
  if (error == -2) fail("the python it was built for is not there: ", DD_BASE_PYTHON, 127);
  fail("cannot execute ", DD_BASE_PYTHON, 126);
}

}  // namespace
}  // namespace dd::host::preload

void dd_launch_main(long* stack) {
  using namespace dd::host::preload;
  char** const argv = reinterpret_cast<char**>(stack + 1);
  char** const envp = argv + stack[0] + 1;
  unsigned long count = 0;
  while (envp[count] != nullptr) ++count;
  const long* const auxiliary = reinterpret_cast<long*>(envp + count + 1);
  if (!may_preload(auxiliary)) become_python(argv, envp);
  const long name = value_of(auxiliary, AT_EXECFN);
  const char* const started = name != 0 ? reinterpret_cast<const char*>(name) : "";

  char file[4097];
  const long read =
      call(SYS_readlinkat, AT_FDCWD, address("/proc/self/exe"), address(file), sizeof file - 1);
  file[read > 0 ? read : 0] = 0;
  // Without /proc the name it was started as will do: a path of the loader needs a slash.
  Text<4200> own;
  if (read <= 0 && !begins(started, "/")) own.add("./");
  own.add(read > 0 ? file : started);

  Text<4300> own_entry, name_entry, number_entry;
  own_entry.add(kFileVariable).add("=").add(own.bytes);
  name_entry.add(kNameVariable).add("=").add(started);

  const char* others = nullptr;  // what the user preloads
  for (unsigned long i = 0; i < count; ++i)
    if (begins(envp[i], "LD_PRELOAD=")) others = envp[i] + length("LD_PRELOAD=");
  const unsigned long room = length(others == nullptr ? "" : others) + own.size + 64;
  char* const list = static_cast<char*>(__builtin_alloca(room));
  unsigned long at = 0;
  const auto append = [&](const char* part) {
    while (*part != 0) list[at++] = *part++;
    list[at] = 0;
  };
  append("LD_PRELOAD=");
  if (is_listable(own.bytes)) {
    append(own.bytes);
  } else {
    const long descriptor = call(SYS_openat, AT_FDCWD, address(own.bytes), O_RDONLY);
    if (descriptor < 0) fail("cannot read ", own.bytes, 126);
    Text<32> number;
    number.add(descriptor);
    append("/proc/self/fd/");
    append(number.bytes);
    number_entry.add(kDescriptorVariable).add("=").add(number.bytes);
  }
  if (others != nullptr) {
    append(":");
    append(others);
  }

  const char** const environment =
      static_cast<const char**>(__builtin_alloca((count + 6) * sizeof(char*)));
  unsigned long used = 0;
  for (unsigned long i = 0; i < count; ++i)
    environment[used++] = begins(envp[i], "LD_PRELOAD=") ? list : envp[i];
  if (others == nullptr) environment[used++] = list;
  environment[used++] = own_entry.bytes;
  environment[used++] = name_entry.bytes;
  if (number_entry.size > 0) environment[used++] = number_entry.bytes;
  environment[used] = nullptr;

  if (!own.fits || !own_entry.fits || !name_entry.fits) fail("too long a path: ", started, 126);
  become_python(argv, environment);
}
