// Invariants. DD_CHECK is for what would damage the application if it went on; DD_DCHECK for the
// rest, and is compiled out of the release build. Both print one line to file descriptor 2.

#pragma once

namespace dd::base {

[[noreturn]] void check_failed(const char* file, int line, const char* what);

}  // namespace dd::base

#define DD_CHECK(condition) \
  ((condition) ? void(0) : ::dd::base::check_failed(__FILE__, __LINE__, #condition))

#ifdef DD_CHECKS
#define DD_DCHECK(condition) DD_CHECK(condition)
#else
#define DD_DCHECK(condition) void(sizeof(condition))
#endif
