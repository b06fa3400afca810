#include "core/py/fault.h"

#include <new>
#include <stdexcept>

namespace dd::py {

#ifdef DD_CHECKS
constinit FaultPlan* fault_plan = nullptr;

void arm(FaultPlan* plan) { fault_plan = plan; }

bool fault_step() {
  FaultPlan& plan = *fault_plan;
  if (!plan.armed || plan.seen++ != plan.at) return false;
  switch (plan.fault) {
    case Fault::kNone:
      return false;
    case Fault::kThrow:
      throw std::runtime_error("injected fault");
    case Fault::kOutOfMemory:
      throw std::bad_alloc();
    case Fault::kPythonError:
      return true;
  }
  return false;
}
#else
void arm(FaultPlan*) {}
#endif

}  // namespace dd::py
