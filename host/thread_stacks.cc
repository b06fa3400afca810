// Each thread of Python gets a stack for the handlers of crashes, so that the overflow of its own
// is reported too. CPython's pthread_create is taken at link time (--wrap).

#include <pthread.h>

#include "products/crash/crash.h"

extern "C" {
int __real_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                          void* argument);
int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                          void* argument);
}

namespace dd::host {
namespace {

struct Beginning {
  void* (*body)(void*);
  void* argument;
};

void* begin_thread(void* data) {
  const Beginning beginning = *static_cast<Beginning*>(data);
  delete static_cast<Beginning*>(data);
  const crash::AlternateStack stack;
  return beginning.body(beginning.argument);
}

}  // namespace
}  // namespace dd::host

int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                          void* argument) {
  auto* const beginning = new dd::host::Beginning{body, argument};
  const int result = __real_pthread_create(thread, attributes, &dd::host::begin_thread, beginning);
  if (result != 0) delete beginning;
  return result;
}
