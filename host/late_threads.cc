// Threads that outlive the interpreter. Before 3.14 CPython ends a thread that asks for the GIL of
// an interpreter that is finalizing with pthread_exit(), which unwinds its stack: through our hooks
// and through extension modules written in C++, whose destructors would run without the GIL and
// whose `noexcept` functions abort the process. As in 3.14, such a thread waits for the end of the
// process instead. CPython's pthread_exit, which it has no other use for, is taken at link time
// (--wrap).

#include <pthread.h>
#include <unistd.h>

extern "C" {
[[noreturn]] void __real_pthread_exit(void* value);
[[noreturn]] void __wrap_pthread_exit(void* value);
}

void __wrap_pthread_exit(void* value) {
  if (gettid() == getpid()) __real_pthread_exit(value);
  for (;;) pause();
}
