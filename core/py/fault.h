// Faults on purpose, for the property "whatever a hook does wrong, the application sees its own
// result or its own exception". Builds with DD_CHECKS have a checkpoint at the start and end of
// every phase and in every read; a test arms a plan and fails each of them in turn.
//
//   FaultPlan plan{.fault = Fault::kThrow, .at = 3};
//   arm(&plan);  run();  arm(nullptr);      // plan.seen tells how many checkpoints there were

#pragma once

namespace dd::py {

enum class Fault : unsigned char {
  kNone,         // count only
  kThrow,        // a C++ exception
  kOutOfMemory,  // std::bad_alloc
  kPythonError,  // a read fails; at the end of a phase: a Python ValueError is left behind
};

struct FaultPlan {
  Fault fault = Fault::kNone;
  int at = -1;         // the checkpoint that fails, from 0
  int seen = 0;        // checkpoints passed inside phases
  bool armed = false;  // set by the engine while a phase runs
};

void arm(FaultPlan* plan);

#ifdef DD_CHECKS
extern constinit FaultPlan* fault_plan;
bool fault_step();
// True: do as if this step had failed. May throw.
[[nodiscard]] inline bool checkpoint() { return fault_plan != nullptr && fault_step(); }
#else
[[nodiscard]] inline bool checkpoint() { return false; }
#endif

}  // namespace dd::py
