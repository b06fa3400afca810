#include "host/shutdown.h"

#include <Python.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/log.h"
#include "core/base/mutex.h"

namespace dd::host {
namespace {

constexpr int kMaxFunctions = 16;

constinit base::Mutex mutex;
constinit ExitFunction functions[kMaxFunctions] DD_GUARDED_BY(mutex) = {};
constinit int count DD_GUARDED_BY(mutex) = 0;

ExitFunction take_last() {
  base::MutexLock lock(mutex);
  return count > 0 ? functions[--count] : nullptr;
}

}  // namespace

bool at_exit(ExitFunction function) {
  {
    base::MutexLock lock(mutex);
    ExitFunction* const end = functions + count;
    ExitFunction* const found = std::find(functions, end, function);
    if (found != end) {
      std::rotate(found, found + 1, end);
    } else if (count < kMaxFunctions) {
      functions[count++] = function;
    } else {
      return false;
    }
  }
  // libc runs the handler registered last first: each of these may be ahead of another library's.
  return std::atexit(run_exit_functions) == 0;
}

void watch_finalization() {
  if (Py_AtExit(run_exit_functions) != 0)
    base::log(base::LogLevel::kDebug, "Py_AtExit has no room; relying on libc's");
}

void run_exit_functions() {
  while (const ExitFunction function = take_last()) function();
}

}  // namespace dd::host
