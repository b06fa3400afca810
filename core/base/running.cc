#include "core/base/running.h"

namespace dd::base::detail {

constinit thread_local const char* running_product = nullptr;

}  // namespace dd::base::detail
