// futures: what is submitted to a pool of threads continues the trace of who submitted it.

#include <utility>

#include "contrib/support/carried_call.h"
#include "contrib/support/integration.h"

namespace dd::contrib::futures {
namespace {

void enter_submit(Call& call, Scope&) {
  Ref carried = carried_call(call.arg(0));
  if (carried) (void)call.replace_arg(0, std::move(carried));
}

constexpr const char* kModules[] = {"concurrent.futures.thread"};
constexpr py::Target kTargets[] = {
    {"concurrent.futures.thread:ThreadPoolExecutor.submit", enter_submit, nullptr},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "futures", .modules = kModules, .targets = kTargets};

}  // namespace dd::contrib::futures
